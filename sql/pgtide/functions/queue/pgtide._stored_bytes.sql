-- pgtide._stored_bytes(i_queue_id [, i_nr])
--
-- On the provider: the size on disk of a queue's event tables and row tables.
--
-- Arguments: i_nr - only of the event table of this number, and of the row tables that belong to it; null: of all
-- Returns: bigint, bytes
-- Writes: nothing
create or replace function pgtide._stored_bytes(i_queue_id int, i_nr int default null)
returns bigint language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(sum(pg_total_relation_size(s.relation)), 0)
        from (select to_regclass(format('%s_%s', q.queue_data_pfx, nr)) as relation
              from pgq.queue q, generate_series(0, q.queue_ntables - 1) nr where q.queue_id = i_queue_id and nr = coalesce(i_nr, nr)
              union all
              select to_regclass(r.name) from pgtide._row_tables(i_queue_id, i_nr) r) s);
end;
$$;
