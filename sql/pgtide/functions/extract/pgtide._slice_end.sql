-- pgtide._slice_end(i_batch, i_after, i_max_events, i_max_bytes, i_parts)
--
-- On the provider: finds where a slice of an open batch ends, and what it holds.
--
-- Arguments: i_after - the slice begins after this ev_id (0: with the batch); i_max_events, i_max_bytes - it holds no more, but at least one
--            event; i_parts - as for pgtide._batch_query
-- Returns: last_ev_id, it has all events up to this id; null if it ends with the batch
--          events, bytes; classic, whether some are of PgQ's own triggers; rows, the number of rows of each row table, by its name in i_parts;
--          inserts, the names of the row tables of which the slice has inserted rows alone, null if there are none
-- Writes: nothing; it sets enable_seqscan for the rest of the transaction, unless the slice is a batch that is small by its ids
-- Errors: TD002 no such batch
--
-- What is left of the batch is one slice if it is within the limits, whatever its ids.
--
-- Invariant: the number of rows that are read depends on i_max_events and not on what is left of the batch, however much that is. Otherwise a slice that
-- took too long would take as long with fewer events, and never succeed. Entries of the index are read for all transactions of the batch, which
-- costs about a tenth.
--
-- So a slice that is not the last one ends with a window of as many ids as it may hold events: ids are nearly dense, and nothing is sorted if
-- all events of the window fit. Where the window begins is an estimate at first (pgtide._batch_ids), but no event depends on it: the slice has
-- all events since the last one, and if these are too many, it ends inside. Ids that are missing are passed over by doubling the window until
-- it has an event, and halving it.
--
-- There are few row tables in a slice, so counts by row table need no sort. A small part of a batch needs no scan of its tables. The planner
-- cannot know that.
--
-- The index is that of pgq._create_event_index. Without it (in the real extension pgq) a window costs a scan of the batch.
create or replace function pgtide._slice_end(i_batch bigint, i_after bigint, i_max_events bigint, i_max_bytes bigint, i_parts jsonb,
    out last_ev_id bigint, out events bigint, out bytes bigint, out classic bool, out rows jsonb, out inserts text[])
language plpgsql
set search_path = pg_catalog, pg_temp set enable_sort = off
as $$
declare
    -- One event more than the slice may hold; null (no limit) if that is not a bigint.
    v_most constant bigint := case when i_max_events < 9223372036854775807 then greatest(i_max_events, 0) + 1 end;
    -- To read fewer rows takes as long.
    v_window constant bigint := greatest(i_max_events, 10000);
    -- A count that stops early has no parallel workers, and without them 500,000 events take twice as long (2 workers).
    c_few constant bigint := 100000;
    c_sums constant text := 'select max(g.last)::bigint, coalesce(sum(g.count), 0)::bigint, sum(g.bytes)::bigint, bool_or(g.classic),
            jsonb_object_agg(g.name, g.count) filter (where g.name is not null), array_agg(g.name) filter (where g.inserted)
        from (select s.name, max(s.ev_id) as last, count(*) as count, sum(s.size) as bytes, bool_or(s.classic) as classic, bool_and(s.inserted) as inserted
              from (%s) s group by s.name) g';
    v_sizes constant text := pgtide._batch_query(i_batch, i_parts, true);
    v_rest constant text := format('select * from (%s) e where %s', v_sizes, pgtide._id_condition(i_after, null));
    v_inside text := v_rest;
    v_ids record;
    v_near bigint;
    v_width bigint := v_window;
    v_begin bigint;
    v_there bool;
    v_passed bool := false;
    v_fits bool;
    v_end bigint;
begin
    select * into v_ids from pgtide._batch_ids(i_batch);
    v_near := greatest(i_after, v_ids.after_ev_id);
    v_fits := v_ids.last_ev_id - v_near <= i_max_events;
    if i_after > 0 or not v_fits then
        -- Until the transaction ends: also for the query of the slice.
        perform set_config('enable_seqscan', 'off', true);
    end if;
    if not v_fits then
        execute format('select count(*) <= %s from (select from (%s) e limit %s) e', i_max_events, v_rest, v_most) into v_fits;
    end if;
    if v_fits then
        execute format(c_sums, format('select e.* from (%s%s) e', v_rest, case when i_max_events < c_few then ' limit ' || v_most end))
        into v_end, events, bytes, classic, rows, inserts;
    else
        -- Nothing is between i_after and v_near, once that has moved.
        v_begin := i_after;
        loop
            last_ev_id := least(v_near, 9223372036854775807 - v_width) + v_width;
            execute format('select exists (select from (%s) e where %s)', v_sizes, pgtide._id_condition(v_begin, last_ev_id)) into v_there;
            v_passed := v_passed or v_there;
            exit when v_there and v_width <= v_window;
            if not v_there then
                v_begin := last_ev_id;
                v_near := last_ev_id;
            end if;
            v_width := case when v_passed then greatest(v_width / 2, v_window) else least(v_width, 4611686018427387903) * 2 end;
        end loop;
        v_inside := format('select * from (%s) e where %s', v_sizes, pgtide._id_condition(v_begin, last_ev_id));
        execute format(c_sums, v_inside) into v_end, events, bytes, classic, rows, inserts;
    end if;
    if events > i_max_events or bytes > i_max_bytes then
        execute format(c_sums, format(
            'select s.* from (
                 select e.*, row_number() over w as nr, sum(size) over w as bytes
                 from (%s order by ev_id limit %s) e
                 window w as (order by ev_id rows unbounded preceding)) s
             where nr = 1 or nr <= %s and bytes <= %s', v_inside, coalesce(v_most::text, 'all'), i_max_events, i_max_bytes))
        into last_ev_id, events, bytes, classic, rows, inserts;
    end if;
end;
$$;
