-- pgtide.slice_query(i_batch, i_after, i_max_events, i_max_bytes, i_copies, i_careful, i_give_up [, i_rows])
--
-- On the provider: what extracts an open batch, or a slice of it, for COPY.
--
-- Arguments: i_after - leave out events up to this ev_id (0: none); i_max_events, i_max_bytes - where the slice ends; it holds at
--            least one event; i_copies - tables that are being copied: [{"name": table, "bounds": [[text..]..]}..], bounds in the
--            order of the key here; i_careful - an event of a table that is being copied, whose key cannot be read, is sent under
--            the tag pgtide:unreadable, which sets its table aside (pgtide._try_chunk); otherwise the query fails there;
--            i_give_up - no event but control events is sent as it is: they take longer than a run has;
--            i_rows - rows of row tables may be sent as they are, with the types of their columns
-- Returns: query, last_ev_id, row_tables:
--              query       the SELECT; with i_rows without the rows of row_tables, null if the slice has no others
--              last_ev_id  where the slice ends inside the batch; null if it ends with the batch
--              row_tables  the row tables whose rows may be sent as they are, as i_tables of pgtide.stage_rows: those that have many in the
--                          slice (the setting pgtide.as_rows has the number, for tests); null if there are none
-- Writes: nothing
-- Errors: TD002 no such batch
--
-- No row is sent as it is if an event must be replaced or looked at, as described below: then everything is sent as events.
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
    i_careful bool, i_give_up bool, i_rows bool default false, out query text, out last_ev_id bigint, out row_tables jsonb)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts jsonb;
    v_count bigint;
    -- The numbers of rows in row tables.
    v_rows jsonb;
    v_chunk text;
    v_events text;
    v_sizes text;
    -- One event more than the slice may hold; null (no limit) if that is not a bigint.
    v_most constant bigint := case when i_max_events < 9223372036854775807 then greatest(i_max_events, 0) + 1 end;
    v_bytes bigint;
    v_large bool := false;
    v_inside text;
    v_unreadable bool;
    -- A count that stops early has no parallel workers, and without them 500,000 events take twice as long (2 workers).
    c_few constant bigint := 100000;
    -- To make stages for the rows of a table costs as much as to send so many rows as events.
    c_as_rows constant bigint := coalesce(nullif(current_setting('pgtide.as_rows', true), '')::bigint, 1000);
    c_sums constant text := 'select max(g.last)::bigint, coalesce(sum(g.count), 0)::bigint, sum(g.bytes)::bigint, bool_or(g.classic),
            jsonb_object_agg(g.source, g.count) filter (where g.source is not null)
        from (select s.source, max(s.ev_id) as last, count(*) as count, sum(s.size) as bytes, bool_or(s.classic) as classic
              from (%s) s group by s.source) g';
    c_largest constant bigint := coalesce(nullif(current_setting('pgtide.max_event_bytes', true), '')::bigint, 256 * 1024 * 1024 - 1);
    v_classic bool;
    c_events constant text := 'select ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, %s from (%s) e';
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
    if to_regclass('pgq.row_table') is not null then
        select jsonb_agg(to_jsonb(p)) into v_parts from pgq._batch_parts(i_batch) p;
    end if;
    select c.chunk, c.unreadable into v_chunk, v_unreadable from pgtide._chunk_expression(case when i_give_up then '[]' else i_copies end, i_careful) c;
    -- If all events fit, they are read once, and not sorted.
    v_sizes := format('select * from (%s) e where ev_id > $1', pgtide._batch_query(i_batch, v_parts, true));
    execute format(c_sums, format('select e.* from (%s%s) e', v_sizes, case when i_max_events < c_few then ' limit $3' end))
    into last_ev_id, v_count, v_bytes, v_classic, v_rows using i_after, i_max_events, v_most;
    if v_count > i_max_events or v_bytes > i_max_bytes then
        execute format(c_sums, format(
            'select s.* from (
                 select e.*, row_number() over w as nr, sum(size) over w as bytes
                 from (%s order by ev_id limit $4) e
                 window w as (order by ev_id rows unbounded preceding)) s
             where nr = 1 or nr <= $2 and bytes <= $3', v_sizes))
        into last_ev_id, v_count, v_bytes, v_classic, v_rows using i_after, i_max_events, i_max_bytes, v_most;
    else
        last_ev_id := null;
    end if;
    v_inside := 'ev_id > ' || i_after || coalesce(' and ev_id <= ' || last_ev_id, '');
    -- JSON writes control characters with six letters.
    if v_bytes > c_largest / 6 then
        execute format('select exists (select from (%s) e where %s and size > $2)', v_sizes, v_inside) into v_large using i_after, c_largest / 6;
    end if;
    if i_rows and v_parts is not null and not (i_careful or i_give_up or v_large or v_unreadable) then
        select jsonb_agg(t.described || jsonb_build_object('query', format(c_events, (
                       -- The chunks of this table alone: there may be many tables with many chunks.
                       select c.chunk from pgtide._chunk_expression(coalesce((
                           select jsonb_agg(x) from jsonb_array_elements(i_copies) x where x->>'name' = t.described->>'table'), '[]'), false) c),
                   format('select * from (%s) e (ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4) where %s',
                          pgtide._batch_query(i_batch, t.parts, false), v_inside)),
                   'inside', v_inside) order by t.source)
        into row_tables
        from (select p->>'source' as source, jsonb_agg(p) as parts, pgtide._row_table_in_batch(p->>'source', jsonb_agg(p->'condition')) as described
              from jsonb_array_elements(v_parts) p where (v_rows->>(p->>'source'))::bigint >= c_as_rows group by 1) t;
        v_count := v_count - (select coalesce(sum(r.value::bigint), 0) from jsonb_each_text(v_rows) r where r.value::bigint >= c_as_rows);
        if v_count = 0 then
            return;
        end if;
        select jsonb_agg(p) into v_parts from jsonb_array_elements(v_parts) p where (v_rows->>(p->>'source'))::bigint >= c_as_rows is not true;
    end if;
    v_events := format('select * from (%s) e where %s',
        pgtide._batch_query(i_batch, v_parts, false, case when i_give_up then -1 when v_large then c_largest end), v_inside);
    if v_classic then
        v_events := pgtide._classic_query(v_events, i_copies);
    end if;
    query := format(c_events, v_chunk, v_events);
    if i_careful or i_give_up or v_large or v_unreadable then
        query := format(c_replace, query, i_give_up, c_largest, format('its row is larger than %s as JSON', pg_size_pretty(c_largest + 1)),
            format('it is larger than %s', pg_size_pretty(c_largest + 1)));
    end if;
end;
$$;
