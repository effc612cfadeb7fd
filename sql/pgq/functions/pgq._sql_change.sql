-- pgq._sql_change(i_op, i_names, i_values, i_set, i_key)
--
-- A change as sqltriga writes it: what follows the table's name in INSERT, UPDATE .. SET and DELETE .. WHERE.
--
-- Arguments: i_values - the columns' texts, new ones for UPDATE; i_set - which columns to write; i_key - which are the key
-- Returns: text
-- Writes: nothing
-- Errors: TD004 a column of the key is null, or the key has no column of the table
--
-- An UPDATE that changes nothing sets the key's first column to itself.
create or replace function pgq._sql_change(i_op text, i_names text[], i_values text[], i_set boolean[], i_key boolean[])
returns text
language plpgsql immutable as $$
declare
    v_names     text := '';
    v_values    text := '';
    v_comma     text := '';
    v_set       text;
    v_where     text;
    v_equal     text;
begin
    if i_op = 'INSERT' then
        for i in 1 .. cardinality(i_names) loop
            continue when not i_set[i];
            v_names := v_names || v_comma || quote_ident(i_names[i]);
            v_values := v_values || v_comma || coalesce(quote_literal(i_values[i]), 'null');
            v_comma := ',';
        end loop;
        return '(' || v_names || ') values (' || v_values || ')';
    end if;
    for i in 1 .. cardinality(i_names) loop
        if i_op = 'UPDATE' and i_set[i] then
            v_set := coalesce(v_set || ',', '') || quote_ident(i_names[i]) || '='
                || coalesce(quote_literal(i_values[i]), 'NULL');
        end if;
        if i_key[i] then
            if i_values[i] is null then
                raise exception 'logtriga: Unexpected NULL key value'
                    using errcode = 'TD004', detail = 'column: ' || i_names[i];
            end if;
            v_equal := coalesce(v_equal, quote_ident(i_names[i]) || '=' || quote_literal(i_values[i]));
            v_where := coalesce(v_where || ' and ', '') || quote_ident(i_names[i]) || '=' || quote_literal(i_values[i]);
        end if;
    end loop;
    if v_where is null then
        raise exception 'key column does not exist' using errcode = 'TD004', hint = 'See the trigger''s argument pkey=.';
    elsif i_op = 'DELETE' then
        return v_where;
    end if;
    return coalesce(v_set, v_equal) || ' where ' || v_where;
end;
$$;
