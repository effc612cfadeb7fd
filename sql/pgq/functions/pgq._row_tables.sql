-- pgq._row_tables(i_queue_id, i_nr, i_filled [, i_name])
--
-- The row tables of a queue (pgq.row_table).
--
-- Arguments: i_nr - only those that belong to the event table of this number; null: all; i_filled - only those that are not empty;
--            i_name - only those of the table that has this name in events; null: of all tables
-- Returns: setof (rt_id, name, events, heads, size):
--              name    with its schema, quoted
--              events  the select list that gives a row e as an event, with the columns of pgq.get_batch_events
--              heads   the same with null for ev_data and ev_extra2
--              size    an SQL expression, about the bytes of a row e
-- Writes: nothing
create or replace function pgq._row_tables(
    in i_queue_id int4, in i_nr int4, in i_filled boolean, in i_name text default null,
    out rt_id int4, out name text, out events text, out heads text, out size text
) returns setof record
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select r.rt_id, format('pgq.rows_%s_%s_%s', r.rt_queue, r.rt_id, n.nr),
               format('e.ev_id, e.ev_time, e.ev_txid, null::int4, %s, %s, %L, %s, null::text, %L::text', r.rt_type, r.rt_data, r.rt_name,
                      coalesce(r.rt_old, 'null::text'), r.rt_tag),
               format('e.ev_id, e.ev_time, e.ev_txid, null::int4, %s, null::text, %L, null::text, null::text, %L::text', r.rt_type, r.rt_name, r.rt_tag),
               r.rt_size
          from pgq.row_table r
         cross join lateral generate_series(coalesce(i_nr, 0), coalesce(i_nr, r.rt_ntables - 1)) n(nr)
         cross join lateral (select to_regclass(format('pgq.rows_%s_%s_%s', r.rt_queue, r.rt_id, n.nr)) as oid offset 0) c
         where r.rt_queue = i_queue_id and (i_name is null or r.rt_name = i_name) and c.oid is not null and (not i_filled or pg_relation_size(c.oid) > 0)
         order by r.rt_id, n.nr;
end;
$$;
