-- pgtide.rewritten_since(i_table)
--
-- On the provider, in the REPEATABLE READ transaction of a chunk, after the chunk was read: returns whether the table, or a
-- partition of it, got new files after the transaction's snapshot and before the read locked it (TRUNCATE, or an ALTER TABLE
-- that rewrites it).
--
-- Returns: bool
-- Writes: nothing
--
-- If so, the read met files whose rows its snapshot does not see, and the table looks empty. pg_class is read by the
-- snapshot, whereas pg_relation_filenode() gives the present state.
create or replace function pgtide.rewritten_since(i_table text)
returns bool language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pgtide.table_tree(londiste.find_table_oid(i_table)) t (relation)
        join pg_class c on c.oid = t.relation
        where c.relkind = 'r' and c.relfilenode is distinct from pg_relation_filenode(c.oid));
$$;
