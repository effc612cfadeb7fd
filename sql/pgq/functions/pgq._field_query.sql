-- pgq._field_query(i_expr, i_columns)
--
-- The query for an expression of a trigger's argument (when=, ev_data= ..): bare names of columns become the row's values,
-- wherever they stand, also in sub-queries. A name means the column that is written just so, or else the one in small
-- letters. Names after a dot, '::' or AS, and before '(' or '.', are left alone.
--
-- Arguments: i_columns - the table's columns
-- Returns: text, a query with the row as $1 and one row as its result: the number of rows of the expression, its type, and
--          its value as the text of a record
-- Writes: nothing
create or replace function pgq._field_query(i_expr text, i_columns text[]) returns text
language plpgsql immutable as $$
declare
    c_token constant text :=
        $re$([eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$[[:alnum:]_]*\$[^$]*\$[[:alnum:]_]*\$|$re$
        || $re$[[:alpha:]_][[:alnum:]_$]*|[0-9.]+[[:alnum:]_]*|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/|\s+|::|.)$re$;
    v_tokens    text[];
    v_query     text := '';
    v_before    text := '';
    v_name      text;
    v_next      int4;
begin
    if i_expr is null or i_expr !~ '[^[:space:]]' then
        return 'select 1::bigint, 0::oid, ''()''::text' || left(i_expr, 0);
    end if;
    v_tokens := array(select m.part[1] from regexp_matches(i_expr, c_token, 'g') m(part));
    for i in 1 .. cardinality(v_tokens) loop
        if v_tokens[i] !~ '^([[:space:]]|--|/[*])' then
            v_name := case when v_tokens[i] like '"%' then replace(substr(left(v_tokens[i], -1), 2), '""', '"')
                           when v_tokens[i] = any (i_columns) then v_tokens[i]
                           when v_tokens[i] ~ '^[[:alpha:]_]' then lower(v_tokens[i]) end;
            if v_name = any (i_columns) and v_before not in ('.', '::', 'as') then
                v_next := i + 1;
                while v_tokens[v_next] ~ '^([[:space:]]|--|/[*])' loop
                    v_next := v_next + 1;
                end loop;
                if coalesce(v_tokens[v_next], '') not in ('.', '(') then
                    v_tokens[i] := '(($1).' || quote_ident(v_name) || ')';
                end if;
            end if;
            v_before := lower(v_tokens[i]);
        end if;
        v_query := v_query || v_tokens[i];
    end loop;
    return 'select pg_catalog.count(*) over (), pg_catalog.pg_typeof(x.v), row(x.v)::pg_catalog.text from (select '
        || v_query || E'\n) as x(v)';
end;
$$;
