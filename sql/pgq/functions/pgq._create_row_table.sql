-- pgq._create_row_table(i_columns, i_row_table)
--
-- Creates a row table of a queue (pgq.row_table), with the rights that readers of the queue have, unless it exists. In any case it is in use
-- from now on, and its row is locked until the transaction ends: the caller makes a capture that writes it.
--
-- Arguments: i_columns - the columns of the rows, as SQL; i_row_table - its row of pgq.row_table, as a JSON object, without
--            rt_id, rt_ntables and rt_retired
-- Returns: text, its name without the number of the event table, quoted
-- Writes: pgq.row_table; creates pgq.rows_<queue>_<id>_<n> with their indexes
-- Errors: TD002 no such queue
create or replace function pgq._create_row_table(i_columns text, i_row_table jsonb) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_row   pgq.row_table;
    v_queue record;
    v_id    int4;
    v_there boolean;
    v_name  text;
    v_grantees  text;
begin
    v_row := jsonb_populate_record(null::pgq.row_table, i_row_table);
    select q.queue_ntables, q.queue_data_pfx, q.queue_event_seq into v_queue from pgq.queue q where q.queue_id = v_row.rt_queue;
    if not found then
        raise exception 'Queue not found' using errcode = 'TD002';
    end if;
    update pgq.row_table set rt_retired = null
     where rt_queue = v_row.rt_queue and rt_mark = v_row.rt_mark
    returning rt_id into v_id;
    if found then
        return format('pgq.rows_%s_%s', v_row.rt_queue, v_id);
    end if;
    insert into pgq.row_table (rt_queue, rt_ntables, rt_name, rt_mark, rt_columns, rt_tag, rt_type, rt_data, rt_old, rt_size)
    select r.rt_queue, v_queue.queue_ntables, r.rt_name, r.rt_mark, r.rt_columns, r.rt_tag, r.rt_type, r.rt_data, r.rt_old, r.rt_size
      from (select v_row.*) r
    on conflict (rt_queue, rt_mark) do update set rt_retired = null
    returning rt_id, xmax <> 0 into v_id, v_there;
    if v_there then
        return format('pgq.rows_%s_%s', v_row.rt_queue, v_id);
    end if;
    select string_agg(case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end, ', ') into v_grantees
      from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
     where c.oid = v_queue.queue_data_pfx::regclass and a.privilege_type = 'SELECT' and a.grantee <> c.relowner
       and (a.grantee = 0 or r.rolname is not null);
    for v_nr in 0 .. v_queue.queue_ntables - 1 loop
        v_name := format('rows_%s_%s_%s', v_row.rt_queue, v_id, v_nr);
        execute format('create table pgq.%I (ev_id bigint not null default nextval(%L), ev_txid bigint not null default txid_current(),'
            ' ev_time timestamptz not null, ev_op "char" not null, %s)'
            ' with (fillfactor = 100, autovacuum_enabled = off, toast.autovacuum_enabled = off)', v_name, v_queue.queue_event_seq, i_columns);
        perform pgq._create_event_index(format('pgq.%I', v_name));
        if v_grantees is not null then
            execute format('grant select on table pgq.%I to %s', v_name, v_grantees);
        end if;
    end loop;
    return format('pgq.rows_%s_%s', v_row.rt_queue, v_id);
end;
$$;
