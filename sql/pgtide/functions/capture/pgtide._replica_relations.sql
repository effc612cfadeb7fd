-- pgtide._replica_relations(i_table)
--
-- The relations on which the row triggers of pgtide._capture_replica are created.
--
-- Returns: setof oid, the table itself, whose partitions inherit the triggers; before PostgreSQL 13 each partition that contains rows,
--          because on 10 a partitioned table cannot have them, and on 11 and 12 only a superuser could enable inherited ones
-- Writes: nothing
create or replace function pgtide._replica_relations(i_table oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select t.relation
    from pgtide.table_tree(i_table) t (relation) join pg_class c on c.oid = t.relation
    where case when current_setting('server_version_num')::int < 130000 then c.relkind = 'r' else t.relation = i_table end;
$$;
