-- pgtide.key_equality(i_table, i_key) returns table (attnum, nr, operator, collated, groups)
--
-- How the values of a key are compared, column by column: as the unique index over these columns compares them, in whatever order it has
-- them. Two spellings that are one key to it (a case-insensitive collation, citext, 1.0 and 1.00) are one key to replay, too.
-- Without such an index: as the columns' types do.
--   i_key      attnums
--   operator   as SQL
--   collated   pgtide.collate_clause of the index
--   groups     GROUP BY compares the same way: it knows the type's own operator class alone
create or replace function pgtide.key_equality(i_table oid, i_key int[])
returns table (attnum int, nr bigint, operator text, collated text, groups bool) language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select k.attnum, k.nr,
           case when x.usual is not false then pgtide.type_operator(a.atttypid, '=') else x.operator end,
           pgtide.collate_clause(coalesce(x.index_collation, a.attcollation), a.attcollation, a.atttypid),
           x.usual is not false
    from unnest(i_key) with ordinality k (attnum, nr)
    join pg_attribute a on a.attrelid = i_table and a.attnum = k.attnum
    left join lateral (
        select i.indkey::int2[] as columns, i.indclass::oid[] as classes, i.indcollation::oid[] as collations
        from pg_index i
        where i.indrelid = i_table and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
          and (select array_agg(c.attnum::int order by c.attnum)
               from unnest(i.indkey::int2[]) with ordinality c (attnum, nr)
               where c.nr <= coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts)) = array(select unnest(i_key) order by 1)
        order by i.indisprimary desc, i.indimmediate desc, i.indexrelid limit 1) i on true
    left join lateral (
        select c.index_collation, o.opcdefault or m.amopopr = d.amopopr as usual, case when p.oid is not null then format('operator(%I.%s)', n.nspname, p.oprname) end as operator
        from unnest(i.columns, i.classes, i.collations) c (attnum, class, index_collation)
        join pg_opclass o on o.oid = c.class
        left join pg_amop m on m.amopfamily = o.opcfamily and m.amoplefttype = o.opcintype and m.amoprighttype = o.opcintype
            and m.amopstrategy = 3 and not o.opcdefault
        left join pg_operator p on p.oid = m.amopopr
        left join pg_namespace n on n.oid = p.oprnamespace
        left join lateral (
            select e.amopopr
            from pg_opclass b
            join pg_amop e on e.amopfamily = b.opcfamily and e.amoplefttype = b.opcintype and e.amoprighttype = b.opcintype and e.amopstrategy = 3
            where b.opcmethod = o.opcmethod and b.opcintype = o.opcintype and b.opcdefault) d on true
        where c.attnum = k.attnum limit 1) x on true;
$$;
