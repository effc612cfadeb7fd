-- pgtide._replica_relations(i_table)
--
-- The relations on which the row triggers of pgtide._capture_replica are created.
--
-- Returns: setof oid, the table itself, whose partitions inherit the triggers; on PostgreSQL 10, where a partitioned table cannot
--          have them, each partition that contains rows
-- Writes: nothing
create or replace function pgtide._replica_relations(i_table oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select t.relation
    from pgtide.table_tree(i_table) t (relation) join pg_class c on c.oid = t.relation
    where case when current_setting('server_version_num')::int < 110000 then c.relkind = 'r' else t.relation = i_table end;
$$;
