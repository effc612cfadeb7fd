-- pgtide.column_fills(i_table, i_after) returns table (name, number, generated, expression, fixed, missing, filled)
--
-- With what a table's columns were filled for the rows that were there when they were added.
--   i_after     only columns with higher numbers
--   generated   '', 's' or 'v', as pg_attribute.attgenerated
--   expression  the default or generated column's expression as it is now, 'identity' for an identity column; NULL: none
--   fixed       the expression gives the same on every server at any time: it calls immutable functions alone
--   missing     the value that rows from before have where the table was not rewritten (PostgreSQL 11 up), of all partitions;
--               NULL: there is none
--   filled      whether some rows that were looked at have values in this column, all of them; NULL: the table has no rows, or is not
--               to be read without running code of others as this role (pgtide.table_reader)
-- While somebody has the table locked, or replaces it, nothing of it is returned: status does not wait.
create or replace function pgtide.column_fills(i_table oid, i_after int2)
returns table (name text, number int2, generated text, expression text, fixed bool, missing text, filled bool)
language plpgsql stable
set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
as $$
declare
    v_reader text;
    v_readable bool := pgtide.is_readable(i_table);
    v_query text;
begin
    if v_readable then
        begin
            v_reader := pgtide.table_reader(i_table, false);
        exception when sqlstate 'TD004' then
            v_readable := false;
        end;
    end if;
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
            v_query := format('select bool_and(s.%1$I is not null) from (select t.%1$I from %2$s t limit 1000) s', name, i_table::regclass);
            if v_reader is null then
                perform pgtide.hold_table(i_table);
                execute v_query into filled;
            else
                begin
                    execute format('select r.f from %s(%L) as r (f bool)', v_reader, v_query) into filled;
                    -- Undoes what the owner's code has set.
                    raise exception sqlstate 'TD010';
                exception when lock_not_available then
                    raise;
                when others then
                    null;
                end;
            end if;
        end if;
        return next;
    end loop;
exception when lock_not_available or sqlstate 'TD004' then
    null;
end;
$$;
