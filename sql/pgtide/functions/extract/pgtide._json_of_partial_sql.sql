-- pgtide._json_of_partial_sql(i_op, i_data)
--
-- Reads a change as pgq.sqltriga writes it, a piece of SQL: '(a,b) values (..)' for an insert, 'b=.. where a=..' for an update,
-- 'a=.. and b=..' for a delete.
--
-- Arguments: i_op - I, U, D
-- Returns: data, columns, key. data is a JSON object with each value's text as a string: for an update the columns that it sets
--          and those of its where part, for a delete those of its where part. columns are its names, and key those of the where
--          part. All are null if sqltriga does not write such data, or a value of the where part is null
-- Writes: nothing
--
-- The pieces that the regular expressions find, in their order, must be all of i_data: then there is no other way to read it. A
-- literal begins with E if it has a backslash.
create or replace function pgtide._json_of_partial_sql(i_op text, i_data text, out data text, out columns text[], out key text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_values text[];
    v_between text[];
    v_head text;
    v_from int := 1;
    v_length bigint;
begin
    if i_data is null then
        return;
    elsif i_op = 'I' then
        v_head := substring(i_data from '^\((?:(?:"(?:[^"]|"")+"|[^ "''(),=]+)(?:,(?:"(?:[^"]|"")+"|[^ "''(),=]+))*)?\) values \(');
        columns := array(select m.part[1]
                         from regexp_matches(substr(v_head, 2, length(v_head) - 11), '("(?:[^"]|"")+"|[^ "''(),=]+)', 'g') m (part));
        select coalesce(array_agg(m.part[2]), '{}'), coalesce(sum(length(m.part[1]) + length(m.part[2])), 0)
        into v_values, v_length
        from regexp_matches(substr(i_data, length(v_head) + 1), '(^|,)(null|NULL|''(?:[^'']|'''')*''|E''(?:[^''\\]|''''|\\\\)*'')', 'g') m (part);
        if v_head is null or cardinality(columns) <> cardinality(v_values)
           or substr(i_data, length(v_head) + v_length::int + 1) <> ')' then
            columns := null;
            return;
        end if;
    else
        select array_agg(m.part[1]), array_agg(m.part[2]), array_agg(m.part[3]), sum(length(m.part[1]) + length(m.part[2]) + 1 + length(m.part[3]))
        into v_between, columns, v_values, v_length
        from regexp_matches(i_data,
            '(^|,| where | and )("(?:[^"]|"")+"|[^ "''(),=]+)=(null|NULL|''(?:[^'']|'''')*''|E''(?:[^''\\]|''''|\\\\)*'')', 'g') m (part);
        if i_op = 'U' then
            v_from := array_position(v_between, ' where ');
        end if;
        if v_from is null or v_length is distinct from length(i_data) or v_between[1] <> '' or i_op = 'U' and v_from = 1
           or ',' = any (v_between[v_from:]) or v_between[2:v_from - 1] && array[' and '] or ' where ' = any (v_between[v_from + 1:])
           or v_values[v_from:] && array['null', 'NULL'] then
            columns := null;
            return;
        end if;
    end if;
    if array_to_string(columns, ' ') like '%"%' then
        columns := array(select case when u.name like '"%' then replace(substr(u.name, 2, length(u.name) - 2), '""', '"') else u.name end
                         from unnest(columns) u (name));
    end if;
    key := case when i_op = 'I' then '{}' else columns[v_from:] end;
    if i_op = 'U' and columns[:v_from - 1] && key then
        -- An update without changes sets a column of its key.
        select array_agg(u.name), array_agg(u.value) into columns, v_values
        from unnest(columns, v_values) with ordinality u (name, value, nr) where u.nr >= v_from or u.name <> all (key);
    end if;
    select '{' || coalesce(string_agg(to_json(u.name) || ':' || coalesce(to_json(case
               when u.value like '''%' then replace(substr(u.value, 2, length(u.value) - 2), '''''', '''')
               when u.value like 'E%' then replace(replace(substr(u.value, 3, length(u.value) - 3), '''''', ''''), '\\', '\') end)::text, 'null'),
               ','), '') || '}'
    into data
    from unnest(columns, v_values) u (name, value);
end;
$$;
