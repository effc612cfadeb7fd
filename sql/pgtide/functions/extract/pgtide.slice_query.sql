-- pgtide.slice_query(i_batch, i_after, i_max_events, i_max_bytes, i_copies, i_careful, i_give_up [, i_rows])
--
-- On the provider: what extracts an open batch, or a slice of it, for COPY.
--
-- Arguments: i_after - leave out events up to this ev_id (0: none); i_max_events, i_max_bytes - where the slice ends, as for
--            pgtide._slice_end; i_copies - tables that are being copied: [{"name": table, "bounds": [[text..]..]}..], bounds in the
--            order of the key here; i_careful - an event of a table that is being copied, whose key cannot be read, is sent under
--            the tag pgtide:unreadable, which sets its table aside (pgtide._try_chunk); otherwise the query fails there;
--            i_give_up - no event but control events is sent as it is: they take longer than a run has;
--            i_rows - rows of row tables may be sent as they are, with the types of their columns
-- Returns: query, last_ev_id, row_tables, events:
--              query       the SELECT; with i_rows without the rows of row_tables, null if the slice has no others
--              last_ev_id  where the slice ends inside the batch: it has all events up to this id; null if it ends with the batch
--              row_tables  the row tables whose rows may be sent as they are, as i_tables of pgtide.stage_rows: those that have many in the
--                          slice (the setting pgtide.as_rows has the number, for tests); null if there are none
--              events      the number of events of the slice, also those that are rows
-- Writes: nothing
-- Errors: TD002 no such batch
--
-- No row is sent as it is if an event must be replaced or looked at, as described below: then everything is sent as events.
--
-- The query returns the columns of pgtide_stage (see pgtide.begin_replay), in no order. Where the slice ends is found first, over narrow ids
-- and sizes (pgtide._slice_end), because to sort the events themselves costs more than to read them twice.
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
    i_careful bool, i_give_up bool, i_rows bool default false, out query text, out last_ev_id bigint, out row_tables jsonb, out events bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts jsonb;
    v_slice record;
    v_chunk text;
    v_events text;
    v_large bool := false;
    v_inside text;
    v_unreadable bool;
    -- The row tables that have many rows in the slice.
    v_many text[];
    -- To make stages for the rows of a table costs as much as to send so many rows as events.
    c_as_rows constant bigint := coalesce(nullif(current_setting('pgtide.as_rows', true), '')::bigint, 1000);
    c_largest constant bigint := coalesce(nullif(current_setting('pgtide.max_event_bytes', true), '')::bigint, 256 * 1024 * 1024 - 1);
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
        -- A row table has a part for each event table of the batch: their numbers are at the end.
        select jsonb_agg(to_jsonb(p) || jsonb_build_object('name', rtrim(p.source, '0123456789'))) into v_parts from pgq._batch_parts(i_batch) p;
    end if;
    select c.chunk, c.unreadable into v_chunk, v_unreadable from pgtide._chunk_expression(case when i_give_up then '[]' else i_copies end, i_careful) c;
    select * into v_slice from pgtide._slice_end(i_batch, i_after, i_max_events, i_max_bytes, v_parts);
    last_ev_id := v_slice.last_ev_id;
    events := v_slice.events;
    v_inside := pgtide._id_condition(i_after, last_ev_id);
    -- JSON writes control characters with six letters.
    if v_slice.bytes > c_largest / 6 then
        execute format('select exists (select from (%s) e where %s and size > %s)', pgtide._batch_query(i_batch, v_parts, true), v_inside, c_largest / 6)
        into v_large;
    end if;
    if i_rows and v_parts is not null and not (i_careful or i_give_up or v_large or v_unreadable) then
        v_many := array(select r.key from jsonb_each_text(v_slice.rows) r where r.value::bigint >= c_as_rows);
        select jsonb_agg(t.described || jsonb_build_object('query', format(c_events, (
                       -- The chunks of this table alone: there may be many tables with many chunks.
                       select c.chunk from pgtide._chunk_expression(coalesce((
                           select jsonb_agg(x) from jsonb_array_elements(i_copies) x where x->>'name' = t.described->>'table'), '[]'), false) c),
                   format('select * from (%s) e (ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4) where %s',
                          pgtide._batch_query(i_batch, t.parts, false), v_inside)),
                   'inside', v_inside, 'rows', v_slice.rows->t.name, 'inserts', coalesce(t.name = any (v_slice.inserts), false)) order by t.name)
        into row_tables
        from (select m.name, jsonb_agg(p) as parts, pgtide._row_table_in_batch(jsonb_agg(p)) as described
              from unnest(v_many) m (name) join jsonb_array_elements(v_parts) p on p->>'name' = m.name group by 1) t;
        if v_slice.events = (select coalesce(sum(r.value::bigint), 0) from jsonb_each_text(v_slice.rows) r where r.key = any (v_many)) then
            return;
        end if;
        select jsonb_agg(p) into v_parts from jsonb_array_elements(v_parts) p where p->>'name' <> all (v_many);
    end if;
    v_events := format('select * from (%s) e where %s',
        pgtide._batch_query(i_batch, v_parts, false, case when i_give_up then -1 when v_large then c_largest end), v_inside);
    if v_slice.classic then
        v_events := pgtide._classic_query(v_events, i_copies);
    end if;
    query := format(c_events, v_chunk, v_events);
    if i_careful or i_give_up or v_large or v_unreadable then
        query := format(c_replace, query, i_give_up, c_largest, format('its row is larger than %s as JSON', pg_size_pretty(c_largest + 1)),
            format('it is larger than %s', pg_size_pretty(c_largest + 1)));
    end if;
end;
$$;
