-- pgtide.rewritten_since(i_table text) returns bool
--
-- On the provider, in a chunk's REPEATABLE READ transaction, after the chunk was read: whether the table, or a partition of it, got
-- new files after the transaction's snapshot and before it was locked by the read (TRUNCATE, an ALTER TABLE that rewrites it).
-- The read then met files whose rows its snapshot does not see, and looks empty.
--
-- pg_class is read by the snapshot, pg_relation_filenode() as things are now.
create or replace function pgtide.rewritten_since(i_table text)
returns bool language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pgtide.table_tree(londiste.find_table_oid(i_table)) t (relation)
        join pg_class c on c.oid = t.relation
        where c.relkind = 'r' and c.relfilenode is distinct from pg_relation_filenode(c.oid));
$$;
