-- pgtide._chunk_expression(i_copies, i_careful)
--
-- On the provider: the SQL expression that gives the chunk of an event, over ev_type, ev_data and ev_extra1.
--
-- Arguments: i_copies, i_careful - as for pgtide.slice_query
-- Returns: chunk, the expression; unreadable, whether it is -1 for all events of a table, because the type of the table's key is one that
--          may not be read from text (pgtide._input_is_safe)
-- Writes: nothing
create or replace function pgtide._chunk_expression(i_copies jsonb, i_careful bool, out chunk text, out unreadable bool)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_copy record;
    v_chunk text;
    v_chunks text := '';
begin
    unreadable := false;
    for v_copy in
        -- The bounds of a key of one column are one literal: planning an expression for each would take longer than reading
        -- the events. This excludes types whose length is not a multiple of their alignment (macaddr, timetz): width_bucket
        -- steps through such an array without the padding between its values, and finds the wrong bucket. Rows have no
        -- fixed length, so it finds the right one for them.
        select c.name, t.oid, k.key, c.bounds, case when jsonb_array_length(k.key) = 1 then (
                   select format('%L::%s[]', array(select b->>0 from jsonb_array_elements(c.bounds) with ordinality o (b, nr) order by nr),
                                 format_type(a.atttypid, a.atttypmod))
                   from pg_attribute a join pg_type y on y.oid = a.atttypid
                   where a.attrelid = t.oid and a.attname = k.key->>0 and y.typtype <> 'd' and y.typcategory <> 'A'
                     and (y.typlen < 0 or y.typlen % case y.typalign when 'c' then 1 when 's' then 2 when 'i' then 4 else 8 end = 0)) end as literal
        from jsonb_to_recordset(i_copies) as c (name text, bounds jsonb)
        cross join lateral londiste.find_table_oid(c.name) as t (oid)
        cross join lateral to_jsonb(pgtide.table_key(t.oid)) as k (key)
    loop
        -- The type of a key may have changed since the copy was planned.
        if exists (select from pg_attribute a
                   where a.attrelid = v_copy.oid and jsonb_exists(v_copy.key, a.attname) and not pgtide._input_is_safe(a.atttypid)
                     and jsonb_array_length(v_copy.bounds) > 0) then
            unreadable := true;
            v_chunks := v_chunks || format(' when ev_extra1 = %L then -1', v_copy.name);
            continue;
        end if;
        v_chunk := coalesce((
            select format(case when v_copy.literal is not null then 'width_bucket(%s, %s)' else 'width_bucket(row(%s), array[%s])' end,
                string_agg(pgtide._key_value(v_copy.oid, k.name, format('ev_data::json->>%L', k.name)), ', ' order by k.nr),
                coalesce(v_copy.literal, (select string_agg(b.bound, ', ' order by b.position) from (
                    select e.position, format('row(%s)', string_agg(pgtide._key_value(v_copy.oid, v.name, quote_literal(v.value)), ', ' order by v.nr)) as bound
                    from jsonb_array_elements(v_copy.bounds) with ordinality e (bound, position)
                    cross join lateral (
                        select n.name, e.bound->>(n.nr - 1)::int as value, n.nr
                        from jsonb_array_elements_text(v_copy.key) with ordinality n (name, nr)) v
                    group by e.position) b)))
            from jsonb_array_elements_text(v_copy.key) with ordinality k (name, nr)
            where v_copy.oid is not null and jsonb_array_length(v_copy.bounds) > 0
            having count(*) > 0), '0');
        v_chunks := v_chunks || format(' when ev_extra1 = %L then %s', v_copy.name,
            case when i_careful then format('pgtide._try_chunk(%L, ev_data)', v_chunk) else v_chunk end);
    end loop;
    chunk := case when v_chunks = '' then 'null::int'
        else 'case when ev_type not like ''{"op":%'' or ev_type like ''{"op":"TRUNCATE"%'' then null' || v_chunks || ' end' end;
end;
$$;
