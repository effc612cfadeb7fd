-- pgq.tune_storage(i_queue_name)
--
-- Storage parameters of a queue's tables. Their rows are never updated or deleted, and rotation truncates them: pages are
-- packed full, and vacuum has nothing to do in them.
--
-- Returns: int4, 1; 0 for an unknown queue, null for null
-- Writes: storage parameters of the queue's tables
create or replace function pgq.tune_storage(i_queue_name text) returns int4
language plpgsql strict security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
    v_table text;
begin
    select q.queue_data_pfx, q.queue_ntables into v_queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        return 0;
    end if;
    for i in 0 .. v_queue.queue_ntables - 1 loop
        v_table := pgq.quote_fqname(v_queue.queue_data_pfx || '_' || i::text);
        execute 'alter table ' || v_table
            || ' set (fillfactor = 100, autovacuum_enabled = off, toast.autovacuum_enabled = off)';
    end loop;
    return 1;
end;
$$;
