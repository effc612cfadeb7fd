-- pgtide.json_of_partial_sql(i_op, i_data) returns (data, columns, key)
--
-- Reads a change as pgq.sqltriga writes it, a piece of SQL: '(a,b) values (..)' of an insert, 'b=.. where a=..' of an update,
-- 'a=.. and b=..' of a delete.
--   i_op  I, U, D
-- data is a JSON object with each value's text as a string: of an update the columns that it sets and those of its where part, of
-- a delete those of its where part. columns are its names, and key those of the where part. All are NULL when i_data
-- is nothing that sqltriga writes, or a value of the where part is null.
-- The pieces that the expressions find must be all of i_data: then there is no other way to read it.
create or replace function pgtide.json_of_partial_sql(i_op text, i_data text, out data text, out columns text[], out key text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c_name constant text := '"(?:[^"]|"")+"|[^ "''(),=]+';
    -- quote_literal() begins with E where there is a backslash.
    c_value constant text := 'null|NULL|''(?:[^'']|'''')*''|E''(?:[^''\\]|''''|\\\\)*''';
    v_names text[];
    v_values text[];
    v_between text[];
    v_head text;
    v_from int := 1;
    v_length bigint;
begin
    if i_data is null then
        return;
    elsif i_op = 'I' then
        v_head := substring(i_data from format('^\((?:(?:%s)(?:,(?:%1$s))*)?\) values \(', c_name));
        v_names := array(select m.part[1] from regexp_matches(substr(v_head, 2, length(v_head) - 11), '(' || c_name || ')', 'g') m (part));
        select coalesce(array_agg(m.part[2] order by m.nr), '{}'), coalesce(sum(length(m.part[1]) + length(m.part[2])), 0)
        into v_values, v_length
        from regexp_matches(substr(i_data, length(v_head) + 1), format('(^|,)(%s)', c_value), 'g') with ordinality m (part, nr);
        if v_head is null or cardinality(v_names) <> cardinality(v_values)
           or substr(i_data, length(v_head) + v_length::int + 1) <> ')' then
            return;
        end if;
    else
        select array_agg(m.part[1] order by m.nr), array_agg(m.part[2] order by m.nr), array_agg(m.part[3] order by m.nr),
               sum(length(m.part[1]) + length(m.part[2]) + 1 + length(m.part[3]))
        into v_between, v_names, v_values, v_length
        from regexp_matches(i_data, format('(^|,| where | and )(%s)=(%s)', c_name, c_value), 'g') with ordinality m (part, nr);
        if i_op = 'U' then
            v_from := array_position(v_between, ' where ');
        end if;
        if v_from is null or v_length is distinct from length(i_data) or v_between[1] <> '' or i_op = 'U' and v_from = 1
           or ',' = any (v_between[v_from:]) or v_between[2:v_from - 1] && array[' and '] or ' where ' = any (v_between[v_from + 1:])
           or v_values[v_from:] && array['null', 'NULL'] then
            return;
        end if;
    end if;
    select coalesce(array_agg(n.name order by n.nr), '{}'),
           coalesce(array_agg(n.name order by n.nr) filter (where n.nr >= v_from and i_op <> 'I'), '{}')
    into v_names, key
    from (select u.nr, case when u.name like '"%' then replace(substr(u.name, 2, length(u.name) - 2), '""', '"') else u.name end as name
          from unnest(v_names) with ordinality u (name, nr)) n;
    -- An update that changes nothing sets a column of its key.
    select '{' || coalesce(string_agg(to_json(u.name) || ':' || coalesce(to_json(case
               when u.value like '''%' then replace(substr(u.value, 2, length(u.value) - 2), '''''', '''')
               when u.value like 'E%' then replace(replace(substr(u.value, 3, length(u.value) - 3), '''''', ''''), '\\', '\') end)::text, 'null'),
               ',' order by u.nr), '') || '}', coalesce(array_agg(u.name order by u.nr), '{}')
    into data, columns
    from unnest(v_names, v_values) with ordinality u (name, value, nr)
    where i_op = 'I' or u.nr >= v_from or u.name <> all (key);
end;
$$;
