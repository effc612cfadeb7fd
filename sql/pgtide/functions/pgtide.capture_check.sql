-- pgtide.capture_check(i_table, i_root, i_op) returns text
--
-- The SQL that asks, after a DELETE or an UPDATE of keys was captured, whether a key that a row has left is in the table all the
-- same: then another part of the same statement put it there, and its event may stand before the delete's. Each key is looked
-- up in the index, whatever the plan was made for. false for a table without a key; and for one that may not be looked into, because
-- that would run code of others (pgtide.foreign_code; the policies of row security).
create or replace function pgtide.capture_check(i_table oid, i_root oid, i_op text)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when cardinality(k.key) = 0 or pgtide.foreign_code(i_table) is not null then 'select false'
        else format('select case when row_security_active(%s::oid) then false'
            ' else exists (select from pgtide_old o where (select true from %s t where %s limit 1)%s) end',
            i_table, i_table::regclass,
            pgtide.key_match(i_root, 't', 'o'),
            case when i_op = 'UPDATE' then format(' and not exists (select from pgtide_new n where %s)', pgtide.key_match(i_root, 'n', 'o'))
                else '' end)
        end
    from (select pgtide.table_key(i_root) as key) k;
$$;
