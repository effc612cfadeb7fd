-- pgtide.column_types(i_table)
--
-- On either side: describes the columns of a table and the values that they store, so that one side can judge whether the
-- other keeps its values.
--
-- Returns: jsonb, by name [{"name", "type": pgtide.stored_type, "shown": the type as SQL, "generated": boolean}..]; null
--          when there is no such table
-- Writes: nothing
--
-- Virtual generated columns are left out: they are not stored.
create or replace function pgtide.column_types(i_table oid)
returns jsonb language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', pgtide.stored_type(a.atttypid, a.atttypmod),
               'shown', format_type(a.atttypid, a.atttypmod),
               'generated', pgtide.column_generated(a.attrelid, a.attnum) <> '') order by a.attname)
               filter (where a.attname is not null), '[]')
    from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and pgtide.column_generated(a.attrelid, a.attnum) <> 'v'
    where c.oid = i_table
    group by c.oid;
$$;
