-- pgtide.slice_query(i_batch, i_after, i_max_events, i_max_bytes, i_copies, i_careful, i_give_up)
--
-- On the provider: the SELECT that extracts an open batch, or a slice of it, for COPY.
--
-- Arguments: i_after - leave out events up to this ev_id (0: none); i_max_events, i_max_bytes - where the slice ends; it holds at
--            least one event; i_copies - tables that are being copied: [{"name": table, "bounds": [[text..]..]}..], bounds in the
--            order of the key here; i_careful - an event of a table that is being copied, whose key cannot be read, is sent under
--            the tag pgtide:unreadable, which sets its table aside (pgtide._try_chunk); otherwise the query fails there;
--            i_give_up - no event but control events is sent as it is: they take longer than a run has
-- Returns: query, last_ev_id: the SELECT, and where the slice ends inside the batch; last_ev_id is null if the slice ends with
--          the batch
-- Writes: nothing
-- Errors: TD002 no such batch
--
-- The query returns the columns of pgtide_stage (see pgtide.begin_replay), in no order: where the slice ends is found first, over
-- the narrow ids and sizes, because to sort the events themselves costs more than to read them twice. No index holds the ids, so
-- a slice costs at least one scan of the batch. But no more events are sorted than the slice may hold, and no more are counted if
-- these are few: a slice that took too long is retried with fewer events, and that must cost less.
--
-- chunk_no is the chunk that the event's key falls into. Only the provider computes it, because collations differ between
-- servers. width_bucket searches the bounds by halves.
--
-- A row event is sent as unreadable, also without i_careful, if its key could be read only by running code of other roles, or if
-- it is larger than jsonb allows. An event that is not a row and that is not sent as it is (it is too large, or i_give_up is
-- true) becomes one of type pgtide:unsendable (EXECUTE keeps its type) with the reason as ev_data and chunk_no -2, which no
-- producer can write. The setting pgtide.max_event_bytes lowers the limit of jsonb, for tests.
--
-- Changes that PgQ's own triggers wrote leave in jsontriga's form (pgtide._classic_query), if there are any.
create or replace function pgtide.slice_query(i_batch bigint, i_after bigint, i_max_events bigint, i_max_bytes bigint, i_copies jsonb,
    i_careful bool, i_give_up bool, out query text, out last_ev_id bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_copy record;
    v_chunks text := '';
    v_chunk text;
    v_events text;
    v_sizes text;
    v_cut bool;
    -- One event more than the slice may hold; null (no limit) if that is not a bigint.
    v_most constant bigint := case when i_max_events < 9223372036854775807 then greatest(i_max_events, 0) + 1 end;
    v_bytes bigint;
    v_large bool := false;
    v_inside text;
    v_unreadable bool := false;
    -- A count that stops early has no parallel workers, and without them 500,000 events take twice as long (2 workers).
    c_few constant bigint := 100000;
    c_largest constant bigint := coalesce(nullif(current_setting('pgtide.max_event_bytes', true), '')::bigint, 256 * 1024 * 1024 - 1);
    v_classic bool;
    -- The query that replaces events that are not sent as they are.
    c_replace constant text := 'select ev_id, ev_txid, ev_time, case when reason is null or is_row or ev_type = ''EXECUTE'' then ev_type else ''pgtide:unsendable'' end,
        case when reason is null then ev_data when is_row then json_build_object(''type'', substr(ev_type, 8, 6), ''reason'', reason)::text else reason end,
        case when reason is null or is_row then ev_extra1 end,
        case when reason is null then ev_extra2 end, case when reason is null then ev_extra3 end,
        case when reason is null then ev_extra4 when is_row then ''pgtide:unreadable'' end, case when reason is not null and not is_row then -2 else nullif(chunk_no, -1) end
        from (select c.*, case when %2$L and (is_row or ev_type ~ ''^(pgq|londiste|pgtide)\.'' is not true) then ''it takes longer than a run has''
                               when greatest(octet_length(ev_data), octet_length(ev_extra2)) > %3$s or is_row and ev_data is null and ev_type not like ''{"op":"TRUNCATE"%%'' then case when is_row then %4$L else %5$L end
                               when chunk_no = -1 then ''its key cannot be read'' end as reason
              from (select *, coalesce(ev_type like ''{%%'' and ev_extra1 is not null, false) as is_row from (%1$s) c (ev_id, ev_txid, ev_time,
                    ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, chunk_no) offset 0) c offset 0) c';
begin
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
        from jsonb_to_recordset(case when i_give_up then '[]' else i_copies end) as c (name text, bounds jsonb)
        cross join lateral londiste.find_table_oid(c.name) as t (oid)
        cross join lateral to_jsonb(pgtide.table_key(t.oid)) as k (key)
    loop
        -- The type of a key may have changed since the copy was planned.
        if exists (select from pg_attribute a
                   where a.attrelid = v_copy.oid and jsonb_exists(v_copy.key, a.attname) and not pgtide._input_is_safe(a.atttypid)
                     and jsonb_array_length(v_copy.bounds) > 0) then
            v_unreadable := true;
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
    -- If all events fit, they are read once, and not sorted.
    v_sizes := format('select * from (%s) e where ev_id > $1', pgtide._batch_query(i_batch, true));
    execute format('select count(*) > $2, sum(size), bool_or(classic) from (%s%s) e', v_sizes, case when i_max_events < c_few then ' limit $3' end)
    into v_cut, v_bytes, v_classic using i_after, i_max_events, v_most;
    if v_cut or v_bytes > i_max_bytes then
        execute format(
            'select max(ev_id), sum(size), bool_or(classic) from (
                 select e.*, row_number() over w as nr, sum(size) over w as bytes
                 from (%s order by ev_id limit $4) e
                 window w as (order by ev_id rows unbounded preceding)) s
             where nr = 1 or nr <= $2 and bytes <= $3', v_sizes)
        into last_ev_id, v_bytes, v_classic using i_after, i_max_events, i_max_bytes, v_most;
    end if;
    v_inside := 'ev_id > ' || i_after || coalesce(' and ev_id <= ' || last_ev_id, '');
    -- JSON writes control characters with six letters.
    if v_bytes > c_largest / 6 then
        execute format('select exists (select from (%s) e where %s and size > $2)', v_sizes, v_inside) into v_large using i_after, c_largest / 6;
    end if;
    v_events := format('select * from (%s) e where %s',
        pgtide._batch_query(i_batch, false, case when i_give_up then -1 when v_large then c_largest end), v_inside);
    if v_classic then
        v_events := pgtide._classic_query(v_events, i_copies);
    end if;
    query := format('select ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, %s from (%s) e',
        case when v_chunks = '' then 'null::int'
             else 'case when ev_type not like ''{"op":%'' or ev_type like ''{"op":"TRUNCATE"%'' then null' || v_chunks || ' end' end, v_events);
    if i_careful or i_give_up or v_large or v_unreadable then
        query := format(c_replace, query, i_give_up, c_largest, format('its row is larger than %s as JSON', pg_size_pretty(c_largest + 1)),
            format('it is larger than %s', pg_size_pretty(c_largest + 1)));
    end if;
end;
$$;
