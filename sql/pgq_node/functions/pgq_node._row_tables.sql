-- pgq_node._row_tables(i_filled)
--
-- The row tables (pgq.row_table) of all queues.
--
-- Arguments: i_filled - only those that are not empty
-- Returns: setof (queue_id, relation); no rows if there are none, or if pgq is the real extension, which has none
-- Writes: nothing
create or replace function pgq_node._row_tables(in i_filled boolean, out queue_id int4, out relation regclass) returns setof record
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    if to_regclass('pgq.row_table') is not null then
        return query select q.queue_id, r.name::regclass from pgq.queue q cross join lateral pgq._row_tables(q.queue_id, null, i_filled) r;
    end if;
end;
$$;
