-- pgtide._index_properties(i_index)
--
-- Builds the statements that give a re-created index the properties that its definition leaves out: the storage parameters
-- of a constraint's index, the statistics targets of expressions, the mark of the clustered index, and the replica identity.
--
-- Returns: text, each statement after a semicolon; empty when there is nothing to add, null when there is no such index
-- Writes: nothing
create or replace function pgtide._index_properties(i_index oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select concat(
            (select format('; alter index %s set (%s)', i.indexrelid::regclass,
                           string_agg(format('%I = %L', o.option_name, o.option_value), ', '))
             from pg_class c cross join lateral pg_options_to_table(c.reloptions) o
             where c.oid = i.indexrelid and exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x'))
             having count(*) > 0),
            (select string_agg(format('; alter index %s alter column %s set statistics %s', i.indexrelid::regclass, a.attnum,
                                      to_jsonb(a)->>'attstattarget'), '' order by a.attnum)
             from pg_attribute a where a.attrelid = i.indexrelid and coalesce((to_jsonb(a)->>'attstattarget')::int, -1) >= 0),
            case when i.indisclustered then format('; alter table %s cluster on %I', i.indrelid::regclass, x.relname) end,
            case when i.indisreplident then format('; alter table %s replica identity using index %I', i.indrelid::regclass, x.relname) end)
        from pg_index i join pg_class x on x.oid = i.indexrelid
        where i.indexrelid = i_index);
end;
$$;
