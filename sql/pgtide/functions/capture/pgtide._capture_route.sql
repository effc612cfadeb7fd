-- pgtide._capture_route(i_table, i_root, i_shape, i_queue_id)
--
-- The event table into which a capture may write with the statements that were made for a shape of its table.
--
-- Returns: int, the number of the queue's current event table; -1 if the table's shape is not i_shape any more
-- Writes: nothing
-- Errors: 40001 as pgtide.refuse_old_table: the transaction's snapshot is too old to know
--
-- Volatile: in READ COMMITTED it reads what is committed now, whatever statement asks.
create or replace function pgtide._capture_route(i_table oid, i_root oid, i_shape text, i_queue_id int)
returns int language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform pgtide.refuse_old_table(i_table, i_root);
    end if;
    return case when pgtide.capture_shape(i_table, i_root) = i_shape
        then (select queue_cur_table from pgq.queue where queue_id = i_queue_id) else -1 end;
end;
$$;
