-- pgtide._event_table_now(i_queue_id, i_event_tables)
--
-- The event table into which a queue's events go now.
--
-- Arguments: i_event_tables - the queue's event tables, in their order
-- Returns: int, the number of the event table; -1 if inserts are disabled, or those are not the queue's tables (any more): a
--          restored database has others
-- Writes: nothing
-- Errors: 40001 as pgq._refuse_old_queue: the transaction's snapshot is older than the queue's row
create or replace function pgtide._event_table_now(i_queue_id int, i_event_tables oid[])
returns int language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_current int;
begin
    select q.queue_cur_table into v_current from pgq.queue q
    where q.queue_id = i_queue_id and not q.queue_disable_insert and q.queue_ntables = cardinality(i_event_tables)
        and not exists (
            select from unnest(i_event_tables) with ordinality t (oid, nr)
            left join pg_class c on c.oid = t.oid
            left join pg_namespace n on n.oid = c.relnamespace
            where n.nspname || '.' || c.relname is distinct from q.queue_data_pfx || '_' || (t.nr - 1));
    if current_setting('transaction_isolation') <> 'read committed' then
        perform pgq._refuse_old_queue(i_queue_id);
    end if;
    return coalesce(v_current, -1);
end;
$$;
