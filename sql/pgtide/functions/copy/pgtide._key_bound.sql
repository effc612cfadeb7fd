-- pgtide._key_bound(i_table, i_operator, i_key)
--
-- Builds a condition on the key of a table, in the order of its columns' types.
--
-- Arguments: i_operator - >= or <
-- Returns: text; null when i_key is null, or the table has no key
-- Writes: nothing
--
-- If possible it is a row comparison that the key's index can serve: (a, b) >= (x, y). A row comparison knows operators by
-- their bare names alone, so if one lies in another schema the condition is written out: a >= x and (a > x or b >= y).
create or replace function pgtide._key_bound(i_table oid, i_operator text, i_key text[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_column record;
    v_strict text := left(i_operator, 1);
    v_bound text;
    v_elsewhere bool := false;
    v_columns text := '';
    v_values text := '';
begin
    for v_column in
        select case when b.oid = a.atttypid then quote_ident(k.name) else format('(%I)::%s', k.name, format_type(b.oid, -1)) end as name,
               pgtide._key_value(i_table, k.name, quote_literal(i_key[k.nr])) as value, a.atttypid as type
        from unnest(pgtide.table_key(i_table)) with ordinality k (name, nr)
        join pg_attribute a on a.attrelid = i_table and a.attname = k.name
        -- As a value of the domain it would be checked by functions that may belong to any role.
        cross join lateral pgtide._base_type(a.atttypid) as b (oid)
        where i_key is not null
        order by k.nr desc
    loop
        v_elsewhere := v_elsewhere or pgtide._type_operator(v_column.type, '<') <> '<';
        v_columns := v_column.name || coalesce(', ' || nullif(v_columns, ''), '');
        v_values := v_column.value || coalesce(', ' || nullif(v_values, ''), '');
        v_bound := case when v_bound is null
            then format('%s %s %s', v_column.name, pgtide._type_operator(v_column.type, i_operator), v_column.value)
            else format('%1$s %3$s %2$s and (%1$s %4$s %2$s or %5$s)', v_column.name, v_column.value,
                pgtide._type_operator(v_column.type, v_strict || '='), pgtide._type_operator(v_column.type, v_strict), v_bound) end;
    end loop;
    return case when v_bound is null then null
        when v_elsewhere then '(' || v_bound || ')'
        else format('(%s) %s (%s)', v_columns, i_operator, v_values) end;
end;
$$;
