-- pgtide._classic_query(i_events, i_copies)
--
-- On the provider: the query i_events of a batch's events, changed to return in jsontriga's form those that pgq.logutriga and
-- pgq.sqltriga wrote.
--
-- Arguments: i_events - a query that returns the columns of pgq.batch_event_sql; i_copies - see pgtide.slice_query
-- Returns: text, a query with the columns ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1 to ev_extra4; i_events itself if
--          it has no such events
-- Writes: nothing
--
-- This is done here and not on the subscriber, because here the key of an event's table is known, and the event's chunk is found
-- by its JSON. No other step of replay knows of other forms.
--
-- ev_extra2 of such events is left out: the old row is not needed if there is a key, and the trigger's arguments may have put any
-- text there.
create or replace function pgtide._classic_query(i_events text, i_copies jsonb)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_classic constant text := 'e.ev_extra1 is not null and e.ev_type not like ''{%'' and e.ev_type ~ ''^[IUD](:|$)''';
    v_names text[];
    v_tables text;
    v_encoding name := getdatabaseencoding();
begin
    -- PgQ's own PL/pgSQL triggers encode in UTF-8, whatever the database's encoding is.
    if to_regprocedure('pgq._urlencode(text)') is not null then
        v_encoding := 'UTF8';
    end if;
    execute format('select array_agg(distinct e.ev_extra1) from (%s) e where %s', i_events, c_classic) into v_names;
    select string_agg(format('(%L, %L, %L::text[], %L::text[])', n.name,
               json_build_array(coalesce(c.nspname, s.schema_part), coalesce(c.relname, s.name_part)), k.key,
               case when exists (select from jsonb_to_recordset(i_copies) as x (name text, bounds jsonb)
                                 where x.name = n.name and jsonb_array_length(x.bounds) > 0) then k.key else '{}' end), ', ')
    into v_tables
    from unnest(v_names) n (name)
    cross join lateral londiste.split_fqname(n.name) s
    cross join lateral londiste.find_table_oid(n.name) as t (oid)
    cross join lateral pgtide.table_key(t.oid) as k (key)
    left join (select r.oid, r.relname, p.nspname from pg_class r join pg_namespace p on p.oid = r.relnamespace) c on c.oid = t.oid;
    return case when v_tables is null then i_events else format(
        'select s.ev_id, s.ev_txid, s.ev_time, case when s.classic then s.x[1] else s.ev_type end as ev_type,
             case when s.classic then s.x[2] else s.ev_data end as ev_data, s.ev_extra1,
             case when not s.classic then s.ev_extra2 end as ev_extra2, s.ev_extra3,
             case when s.classic then s.x[3] else s.ev_extra4 end as ev_extra4
         -- offset 0: each event is read once.
         from (select e.*, c.classic, case when c.classic then pgtide._read_classic_event(e.ev_type, e.ev_data, t.json, t.key, t.needed, %L) end as x
               from (%s) e cross join lateral (select coalesce(%s, false) as classic) c
               left join (values %s) t (name, json, key, needed) on t.name = e.ev_extra1 offset 0) s',
        v_encoding, i_events, c_classic, v_tables) end;
end;
$$;
