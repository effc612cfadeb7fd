-- pgtide.key_match(i_table, i_left, i_right)
--
-- The SQL condition that two rows have the same key, by the operators and collations of the key's index, whatever schemas those
-- are in.
--
-- Arguments: i_left, i_right - the names that the two rows have in a statement
-- Returns: text, SQL; null if the table has no key
-- Writes: nothing
--
-- A domain is compared as its base type: PostgreSQL has no equality of a domain over an enum.
create or replace function pgtide.key_match(i_table oid, i_left text, i_right text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(format('%s operator(%I.%s) %s%s', format(v.value, i_left), n.nspname, o.oprname, format(v.value, i_right),
                case when k.index_collation <> 0 then pgtide._collate_clause(k.index_collation, a.attcollation, a.atttypid) end),
                ' and ' order by k.nr)
        from pg_index i
        cross join lateral unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
            with ordinality as k (attnum, opclass, index_collation, nr)
        -- Row by row (offset 0): a join of sets would read whole catalogs.
        cross join lateral (
            select t.attname, t.atttypid, t.attcollation from pg_attribute t where t.attrelid = i.indrelid and t.attnum = k.attnum offset 0) a
        cross join lateral (select t.opcfamily, t.opcintype from pg_opclass t where t.oid = k.opclass offset 0) c
        -- Equality is 3 in a btree. The GiST index of a key WITHOUT OVERLAPS has it there too, or at 18, where 3 means that ranges overlap.
        cross join lateral (
            select p.amopopr from pg_amop p
            where p.amopfamily = c.opcfamily and p.amoplefttype = c.opcintype and p.amoprighttype = c.opcintype and p.amopstrategy in (3, 18)
            order by p.amopstrategy desc limit 1) m
        cross join lateral (select t.oprname, t.oprnamespace from pg_operator t where t.oid = m.amopopr offset 0) o
        join pg_namespace n on n.oid = o.oprnamespace
        cross join lateral (
            select case y.typtype when 'd' then pgtide._base_type(y.oid) else y.oid end as oid from pg_type y where y.oid = a.atttypid offset 0) b
        cross join lateral (select case when b.oid = a.atttypid then '%1$s.' else '(%1$s.' end || replace(quote_ident(a.attname), '%', '%%')
                                || case when b.oid = a.atttypid then '' else ')::' || replace(format_type(b.oid, -1), '%', '%%') end as value) v
        where i.indexrelid = (select pgtide._key_index(i_table)));
end;
$$;
