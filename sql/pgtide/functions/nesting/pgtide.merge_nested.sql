-- pgtide.merge_nested(i_event_parent, i_root, i_name, i_inner, i_outer [, i_how])
--
-- On the provider, called by pgtide.settle_nesting: inner statements and parts of one statement have written events of this
-- transaction in another order than they have changed the rows. Replaces these events by one event for each key, with the row as
-- it is now. See pgtide.settle_nesting for the reason and for the arithmetic.
--
-- Arguments: i_event_parent - the queue's event table, parent of the rotated ones; i_root, i_name - the replicated table and its
--            name in events; i_inner - events after this ev_id are those of the inner statements; i_outer - events after this
--            ev_id are those of the outer statement: of its keys, those are settled whose events do not fit: their operations
--            cannot have come in that order, or the last one is not what the row is now; null: every key with more than one event
--            is settled; i_how - which keys are looked at:
--              nested  those with more than one event; that is wrong only if another part of the outer statement changes the row
--              parts   also those with one event
--              merge   all: the events after i_inner are those of the UPDATE and the INSERT part of one statement, and of what they nest.
--                      It may be a MERGE that showed an inserted row in place of updated ones (pgtide.settle_nesting). If so, by that
--                      arithmetic one key existed more than once before: it was updated; and another less than not at all: it was
--                      inserted
-- Returns: bigint, the number of keys that were left; 0 if all is settled, if there is nothing to settle, or if the table cannot
--          be looked into
-- Writes: the queue's event tables; as pgtide._rows_to_events
-- Errors: as pgtide._rows_to_events and pgtide._refuse_old_tree; as pgtide.capture_look, except for TD004
--
-- A table of another role is looked into as that role (pgtide.capture_look); if that is not possible, nothing is done.
--
-- A key whose events cannot be all, by that arithmetic, is left to the next capture of the statement (on a partitioned table the
-- delete's comes before the insert has written its events), or to a look further back. Except for merge, the events that replace
-- others have as many inserts less deletes as those had, so that nothing is lost if a key is settled too early.
--
-- Events in other forms (truncates; those of PgQ's own triggers, if the table has them too) stay, and so does everything before
-- the last truncate: no row from there is left. Both forms of pgtide (pgtide.event_form) are read: url by way of JSON.
create or replace function pgtide.merge_nested(i_event_parent text, i_root oid, i_name text, i_inner bigint, i_outer bigint,
    i_how text default 'nested')
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text[] := pgtide.table_key(i_root);
    v_event_key text;
    v_key_columns text;
    v_left bigint;
    v_pins text[];
    v_event_table text;
    v_row text;
    v_url bool;
    v_match text;
    v_now text;
    v_looked text := '';
    v_gone text;
    v_reader oid := pgtide._capture_reader(i_root);
    v_from bigint;
    v_last bigint;
begin
    if v_key <> '{}' and (v_reader is null or v_reader = 0 and row_security_active(i_root)) then
        return 0;
    end if;
    select '(select row_to_json(r.*) from (select ' || string_agg(c.expression || ' as ' || quote_ident(c.column_name), ', ')
        || ' from (select t.*) t) r)'
    into v_row from pgtide._capture_columns(i_root) c;
    select format('%s_%s', q.queue_data_pfx, q.queue_cur_table), pgtide.event_form(q.queue_name, i_name) = 'url' into strict v_event_table, v_url
    from pgq.queue q where q.queue_data_pfx = i_event_parent;
    perform pgtide._rows_to_events(i_event_parent, i_name, i_inner);
    execute format($sql$select max(ev_id) filter (where ev_type = 'R'), max(ev_id) from %s
                   where ev_txid = txid_current() and ev_id > $1 and ev_extra1 = $2$sql$, i_event_parent)
    into v_from, v_last using i_inner, i_name;
    v_from := coalesce(v_from, i_inner);
    if v_last is null or v_last <= i_outer then
        -- The outer statement has changed no row.
        return 0;
    end if;

    if v_key = '{}' then
        perform pgtide._merge_keyless(i_event_parent, v_event_table, i_name, v_from);
        return 0;
    end if;

    v_pins := pgtide.pin_settings(null);
    if v_url then
        v_row := '(select ' || pgtide._url_expression(i_root) || ' from (select t.*) t)';
    end if;
    select m.of_event, m.of_key, m.matches into v_event_key, v_key_columns, v_match from pgtide._merge_key(i_root) m;
    -- The query joins no two sets whose sizes the planner has to guess: a statement may have a million keys.
    if v_reader = 0 then
        perform pgtide._refuse_old_tree(i_root);
        v_now := format('keys k left join lateral (select %s::text as ev_data, true as found from (select %s) p, %s t where %s limit 1) n on true',
            v_row, v_key_columns, i_root::regclass, v_match);
    else
        -- MATERIALIZED, the default up to version 11: a thousand keys are looked up at once, and not again for each of them.
        v_looked := format(', looked as %s(select c.nr, c.first, array(select l.data from generate_series(1, c.keys) g'
            ' left join pgtide.capture_look(%s, %L, c.key, true) l on l.nr = g order by g) as data'
            ' from (select k.nr / 1000 as nr, min(k.nr) as first, count(*) as keys, json_agg(json_build_object(%s) order by k.nr) as key'
            ' from keys k group by 1) c)',
            case when current_setting('server_version_num')::int < 120000 then '' else 'materialized ' end,
            i_root, pgtide._look_query(i_root, i_root, case when v_url then 'url' else 'json' end),
            (select string_agg(format('%L, k.data->%1$L', n.name), ', ') from unnest(v_key) n (name)));
        v_now := format('keys k join looked c on c.nr = k.nr / 1000'
            ' cross join lateral (select l.data is not null as found, %s as ev_data from (select c.data[k.nr - c.first + 1] as data) l) n',
            case when v_url then 'case when l.data is not null then ' || pgtide._url_expression(i_root, 'l.data::json') || ' end' else 'l.data' end);
    end if;
    select string_agg(format(', gone_%s as (delete from only %s_%1$s e where e.ctid = any (array('
            'select p.place from net n, unnest(n.relations, n.places) p (relation, place) where p.relation = %3$L::regclass)) returning 1)',
            nr, i_event_parent, format('%s_%s', i_event_parent, nr)), '')
    into v_gone
    from pgq.queue q, generate_series(0, q.queue_ntables - 1) nr where q.queue_data_pfx = i_event_parent;
    begin
        execute format($sql$
        with touched as (
            select e.tableoid, e.ctid, e.ev_id, e.ev_type, e.ev_data, %3$s as key, j.data,
                   o.sign, %13$s as start
            from %1$s e
            cross join lateral (select case substr(e.ev_type, %6$s, 1) when 'I' then 1 when 'D' then -1 else 0 end as sign) o
            cross join lateral (select %7$s as data) j
            where e.ev_txid = txid_current() and e.ev_id > $1 and e.ev_extra1 = $2 and %8$s and %12$s
        ), keys as (
            select t.key, sum(t.sign) as net, min(t.ev_type) as ev_type, (array_agg(t.ev_data order by t.ev_id desc))[1] as ev_data,
                   (array_agg(t.data order by t.ev_id desc))[1] as data, array_agg(t.tableoid) as relations, array_agg(t.ctid) as places,
                   min(t.start) as first, max(t.start) as last, row_number() over () as nr
            from touched t group by t.key
            having $4 = 'merge' or (count(*) > 1 or $4 = 'parts') and ($3 is null or max(t.ev_id) > $3)
        )%11$s, found as (
            select k.*, n.ev_data as row, n.found is true as exists_now, (n.found is true)::int - k.net as before,
                   k.first <> k.last or k.first <> (n.found is true)::int - k.net
                       or n.found is true and n.ev_data is distinct from k.ev_data as misfit
            from %4$s
        ), net as (
            select f.*, f.before > 0 as existed_before
            from found f
            where case when $4 = 'merge' then f.before not in (0, 1) and (select min(before) < 0 and max(before) > 1 from found)
                  else f.before in (0, 1) and ($3 is null or f.misfit) end
        )%10$s, written as (
            insert into %2$s (ev_time, ev_type, ev_data, ev_extra1, ev_extra4)
            select now(), %9$s, coalesce(n.row, n.ev_data), $2, %5$L
            from net n
            cross join lateral (select case when not n.exists_now then 'DELETE' when n.existed_before then 'UPDATE' else 'INSERT' end as op) o
            where n.exists_now or n.existed_before
            order by n.exists_now
        )
        select count(*) from found where before not in (0, 1)$sql$,
        i_event_parent, v_event_table, v_event_key, v_now,
        -- Rows are read in the table's present shape.
        pgtide.shape_tag(i_root),
        case when v_url then 1 else 8 end,
        case when v_url then '(pgtide._json_of_urlencoded(e.ev_data, getdatabaseencoding())).data::json' else 'e.ev_data::json' end,
        case when v_url then 'e.ev_type like ''_:%'' and e.ev_extra4 like ''pgtide:%''' else 'e.ev_type like ''{%''' end,
        case when v_url then 'left(o.op, 1) || substr(n.ev_type, 2)'
             else 'regexp_replace(n.ev_type, ''"op":"[A-Z]+"'', ''"op":"'' || o.op || ''"'')' end,
        v_gone, v_looked,
        -- Events from before a rename of a key column in this transaction stay as they are.
        (select string_agg(format('j.data->>%L is not null', n.name), ' and ') from unnest(v_key) n (name)),
        -- For each event, whether the key existed before the first one: all events give the same answer if their order is possible.
        case when i_outer is not null then format('(o.sign <> 1)::int - sum(o.sign) over (partition by %s order by e.ev_id) + o.sign', v_event_key)
            else '0' end)
        into v_left using v_from, i_name, i_outer, i_how;
    exception when sqlstate 'TD004' or data_exception then
        -- The table could not be read, or the type of a key has changed since the event.
        v_left := 0;
    end;
    v_pins := pgtide.pin_settings(v_pins);
    return v_left;
end;
$$;
