-- pgtide.foreign_key_ranks(i_tables) returns table (oid, rank)
--
-- How deep each table lies under the tables that it refers to, among the given ones: parents have lower ranks. Tables in a
-- circle get the rank at which the walk ends; their constraints are checked at the end anyway.
create or replace function pgtide.foreign_key_ranks(i_tables oid[])
returns table (oid oid, rank int) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive walk as (
        select t as oid, 0 as rank from unnest(i_tables) t
        union
        select k.conrelid, w.rank + 1
        from walk w join pg_constraint k on k.confrelid = w.oid and k.contype = 'f' and k.conrelid <> k.confrelid
        where k.conrelid = any (i_tables) and w.rank < cardinality(i_tables)
    )
    select w.oid, max(w.rank) from walk w group by w.oid;
$$;
