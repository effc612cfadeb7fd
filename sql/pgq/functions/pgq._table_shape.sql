-- pgq._table_shape(i_table, i_ignore, i_pkey)
--
-- What the trigger functions need to know of a table: its columns in their order, and its key.
--
-- Arguments: i_ignore, i_pkey - the lists of ignore= and pkey=, or null
-- Returns: key - the key's columns: pkey's, or the primary key's in its order; '{}' when there is none; and per column names,
--          types, collations, is_key, logged (neither ignored nor magic; null when all are)
-- Writes: nothing
create or replace function pgq._table_shape(
    in i_table oid,
    in i_ignore text,
    in i_pkey text,
    out key text[],
    out names text[],
    out types oid[],
    out collations oid[],
    out is_key boolean[],
    out logged boolean[]
) returns record
language plpgsql stable as $$
declare
    v_numbers   int2[];
    v_key       int2[];
begin
    select array_agg(a.attnum), array_agg(a.attname::text), array_agg(a.atttypid), array_agg(a.attcollation)
      into v_numbers, names, types, collations
      from (select c.attnum, c.attname, c.atttypid, c.attcollation
              from pg_catalog.pg_attribute c
             where c.attrelid = i_table and c.attnum > 0 and not c.attisdropped order by c.attnum) a;
    is_key := array_fill(false, array[cardinality(names)]);
    if i_pkey is null then
        select c.conkey into v_key from pg_catalog.pg_constraint c where c.conrelid = i_table and c.contype = 'p';
        key := array_fill(null::text, array[coalesce(cardinality(v_key), 0)]);
        for i in 1 .. cardinality(key) loop
            key[i] := names[array_position(v_numbers, v_key[i])];
            is_key[array_position(v_numbers, v_key[i])] := true;
        end loop;
    else
        key := string_to_array(i_pkey, ',');
        for i in 1 .. cardinality(names) loop
            is_key[i] := pgq._in_list(i_pkey, names[i]);
        end loop;
    end if;
    if i_ignore is not null or strpos(array_to_string(names, ','), '_pgq_ev_') > 0 then
        for i in 1 .. cardinality(names) loop
            logged[i] := left(names[i], 8) <> '_pgq_ev_' and not pgq._in_list(i_ignore, names[i]);
        end loop;
    end if;
end;
$$;
