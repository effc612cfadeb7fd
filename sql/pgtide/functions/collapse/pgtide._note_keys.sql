-- pgtide._note_keys(i_table, i_nr)
--
-- On the subscriber: stores with each shape of pgtide_shapes how its key is compared (pgtide._key_equality). That is done
-- once, and not for each event that is applied alone.
--
-- Arguments: i_nr - the table's number in pgtide_work
-- Returns: bool, whether GROUP BY compares all keys in the same way; true when no shape has a key
-- Writes: temporary table pgtide_shapes: same_key, the condition that row r of pgtide_rows_<i_nr> is row t of the table;
--         groups, whether GROUP BY compares this key in the same way
--
-- A domain is compared as its base type: a domain over an enum has no equality.
create or replace function pgtide._note_keys(i_table oid, i_nr int)
returns bool language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key int[];
    v_same_key text;
    v_groups bool;
    v_all_group bool := true;
begin
    for v_key in select distinct h.key from pg_temp.pgtide_shapes h where h.nr = i_nr and h.key <> '{}' loop
        select string_agg(format('%s %s %s%s', format(v.value, format('t.%I', a.attname)), k.operator, format(v.value, 'r.c' || a.attnum), k.collated),
                          ' and '), bool_and(k.groups)
        into v_same_key, v_groups
        from pgtide._key_equality(i_table, v_key) k
        join pg_attribute a on a.attrelid = i_table and a.attnum = k.attnum
        cross join lateral pgtide._base_type(a.atttypid) as b (oid)
        cross join lateral (select case when b.oid = a.atttypid then '%1$s' else '(%1$s)::' || replace(format_type(b.oid, -1), '%', '%%') end as value) v;
        update pg_temp.pgtide_shapes h set same_key = v_same_key, groups = v_groups where h.nr = i_nr and h.key = v_key;
        v_all_group := v_all_group and v_groups;
    end loop;
    return v_all_group;
end;
$$;
