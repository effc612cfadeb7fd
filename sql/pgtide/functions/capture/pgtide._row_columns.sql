-- pgtide._row_columns(i_table)
--
-- How each column of a table is stored in a row table (pgq.row_table), and how that is written into an event.
--
-- Returns: table (nr, column_name, stored, expression, event, settles), in order of the columns; virtual generated columns are left out
--              nr          the column is c<nr> in the row table
--              stored      its type there
--              expression  SQL over the table's bare column that gives what is stored
--              event       SQL over the stored column e.c<nr> that gives what pgtide._capture_columns gives for the table's
--              settles     whether what is stored does not depend on any setting of the session
-- Writes: nothing
--
-- A value is stored with its own type, without a modifier, if that is a type of PostgreSQL itself. A type of users (an enum, a composite, an
-- extension's, an array of these) is stored as text, as the event has it: row tables must not depend on objects that users alter or drop,
-- and ALTER DOMAIN must not check rows in them. So are the types whose text depends on the catalog (regclass), that COPY cannot send in
-- binary, or whose values cannot be moved out of line.
create or replace function pgtide._row_columns(i_table oid)
returns table (nr int, column_name text, stored text, expression text, event text, settles bool) language plpgsql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select n.nr, n.name, case when n.typed then format_type(n.oid, -1) else 'text' end,
               case when n.typed then quote_ident(n.name) else n.expression end,
               case when not n.typed then format('e.c%s', n.nr)
                    when n.is_array then pgtide._type_text(format('e.c%s', n.nr), n.oid)
                    when n.oid::regtype in ('numeric', 'float4', 'float8', 'json', 'jsonb') then format('e.c%s::text', n.nr)
                    else format('e.c%s', n.nr) end,
               n.typed or n.settles
        from (
            select row_number() over (order by a.attnum)::int as nr, c.column_name as name, c.expression, c.settles, t.oid, t.is_array,
                   t.oid < 16384 and (t.typlen > 0 or t.typlen = -1 and t.typstorage <> 'p') and e.typtype in ('b', 'r', 'm')
                       and e.typsend <> 0 and e.typreceive <> 0 and e.typname !~ '^reg' and e.typcategory <> 'P' as typed
            from pgtide._capture_columns(i_table) c
            join pg_attribute a on a.attrelid = (select i_table) and a.attname = c.column_name
            cross join lateral (
                select y.oid, y.typlen, y.typstorage, y.typelem, y.typelem <> 0 and y.typlen = -1 and y.typcategory = 'A' as is_array
                from pg_type y where y.oid = pgtide._base_type(a.atttypid) offset 0) t
            cross join lateral (
                select y.typtype, y.typsend, y.typreceive, y.typname, y.typcategory
                from pg_type y where y.oid = case when t.is_array then t.typelem else t.oid end offset 0) e) n
        order by n.nr;
end;
$$;
