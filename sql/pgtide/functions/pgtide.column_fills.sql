-- pgtide.column_fills(i_table, i_after) returns table (name, number, generated, expression, fixed, missing, filled)
--
-- With what a table's columns were filled for the rows that were there when they were added.
--   i_after     only columns with higher numbers
--   generated   '', 's' or 'v', as pg_attribute.attgenerated
--   expression  the default or generated column's expression as it is now, 'identity' for an identity column; NULL: none
--   fixed       the expression gives the same on every server at any time: it calls immutable functions alone
--   missing     the value that rows from before have where the table was not rewritten (PostgreSQL 11 up), of all partitions;
--               NULL: there is none
--   filled      whether some rows that were looked at have values in this column, all of them; NULL: the table has no rows,
--               or they are not looked at, because that would run code of another role (pgtide.foreign_code)
create or replace function pgtide.column_fills(i_table oid, i_after int2)
returns table (name text, number int2, generated text, expression text, fixed bool, missing text, filled bool)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_readable bool := pgtide.foreign_code(i_table) is null;
begin
    for name, number, generated, expression, fixed in
        select a.attname, a.attnum, coalesce(to_jsonb(a)->>'attgenerated', ''),
               case when a.attidentity <> '' then 'identity' else pg_get_expr(d.adbin, d.adrelid) end,
               a.attidentity = '' and coalesce(d.adbin::text, '') !~ '{(SQLVALUEFUNCTION|NEXTVALUEEXPR) '
               and not exists (
                   select from regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) ([0-9]+)', 'g') f (ids)
                   join pg_proc p on p.oid = f.ids[1]::oid
                   where p.provolatile <> 'i')
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = i_table and a.attnum > i_after and not a.attisdropped
        order by a.attnum
    loop
        select string_agg(distinct to_jsonb(a)->>'attmissingval', ' ') into missing
        from pgtide.table_tree(i_table) r (relation)
        join pg_attribute a on a.attrelid = r.relation and a.attname = column_fills.name;
        filled := null;
        if v_readable then
            execute format('select bool_and(s.%1$I is not null) from (select t.%1$I from %2$s t limit 1000) s', name, i_table::regclass)
            into filled;
        end if;
        return next;
    end loop;
end;
$$;
