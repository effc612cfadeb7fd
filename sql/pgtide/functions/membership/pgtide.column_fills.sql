-- pgtide.column_fills(i_table, i_after)
--
-- For status, on the root and on the subscriber: with which values a table's columns were filled in the rows that existed when
-- the columns were added.
--
-- Arguments: i_after - only columns with higher numbers than this
-- Returns: table (name, number, generated, expression, fixed, missing), in order of the columns; no rows if another session keeps
--          the table locked for more than 200 ms: status does not wait
--              generated   '', 's' or 'v', as pg_attribute.attgenerated
--              expression  the expression of the default or of the generated column as it is now, 'identity' for an identity column; null: none
--              fixed       whether the expression gives the same on every server at any time: it calls only immutable functions
--              missing     the value of rows that are older than the column, if the table was not rewritten (PostgreSQL 11 and later),
--                          of all partitions; null: none
-- Writes: nothing
create or replace function pgtide.column_fills(i_table oid, i_after int2)
returns table (name text, number int2, generated text, expression text, fixed bool, missing text)
language plpgsql stable
set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
as $$
begin
    return query
        select a.attname::text, a.attnum, pgtide.column_generated(a.attrelid, a.attnum),
               case when a.attidentity <> '' then 'identity' else pg_get_expr(d.adbin, d.adrelid) end,
               a.attidentity = '' and coalesce(d.adbin::text, '') !~ '{(SQLVALUEFUNCTION|NEXTVALUEEXPR) '
               and not exists (
                   select from regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) ([0-9]+)', 'g') f (ids)
                   join pg_proc p on p.oid = f.ids[1]::oid
                   where p.provolatile <> 'i'),
               -- pg_attribute.attmissingval came with PostgreSQL 11. Before, the name refers to before_11.
               (select string_agg(distinct
                           (select (select attmissingval::text from pg_attribute c where c.attrelid = m.attrelid and c.attnum = m.attnum)
                            from (select null::text as attmissingval) before_11), ' ')
                from pgtide.table_tree(i_table) r (relation)
                join pg_attribute m on m.attrelid = r.relation and m.attname = a.attname)
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = i_table and a.attnum > i_after and not a.attisdropped
        order by a.attnum;
exception when lock_not_available then
    null;
end;
$$;
