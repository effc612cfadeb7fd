-- pgtide.settle_nesting(i_event_parent, i_root, i_name, i_before) returns void
--
-- Keeps, per key, the order of events equal to the order of row versions when statements on one table nest.
--
-- A statement trigger fires after the row triggers of its statement. When one of those (or the action of a foreign key
-- that refers to its own table) changes the same table again, the inner statement's capture runs first, and the outer
-- one's older images would get the higher ev_id. Nor does inner always mean later: a BEFORE ROW trigger may delete the
-- row that the outer statement then inserts. So the order is not guessed. Each inner capture leaves a mark; the outer
-- capture that finds one takes all events of the table since then, and per key that both have touched puts one event in
-- their place, which holds the row as it is now:
--     existed before = exists now − (inserts − deletes)          (inserts and deletes of one key alternate)
--     before and now: update · now only: insert · before only: delete · neither: nothing
-- A table without a key settles the same way over whole rows, as a multiset.
--
-- The mark lives in the setting pgtide.nested for the transaction: per table and trigger depth the last ev_id before the
-- inner capture, and the client's statement, since marks of earlier statements are in order already.
--   i_event_parent  the queue's event table, parent of the rotated ones
--   i_root, i_name  the replicated table and its name in events
--   i_before        the event sequence's value before the calling capture wrote
create or replace function pgtide.settle_nesting(i_event_parent text, i_root oid, i_name text, i_before bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- This function itself is called by a trigger, not as one: the depth is the capture's.
    v_depth int := pg_trigger_depth();
    v_table text := i_event_parent || ' ' || i_root;
    v_at text := statement_timestamp()::text;
    v_marks jsonb := coalesce(nullif(current_setting('pgtide.nested', true), ''), '{}');
    v_mark jsonb := v_marks->v_table;
    v_inner bigint;
    v_own bigint;
begin
    if v_mark->>'at' = v_at then
        select min(m.value::bigint) filter (where m.key::int > v_depth), min(m.value::bigint) filter (where m.key::int = v_depth)
        into v_inner, v_own
        from jsonb_each_text(v_mark->'depths') m;
    end if;
    if v_inner is not null then
        perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, i_before);
    end if;
    if v_depth = 1 then
        v_marks := v_marks - v_table;
    else
        v_marks := jsonb_set(v_marks, array[v_table], jsonb_build_object('at', v_at, 'depths', coalesce((
            select jsonb_object_agg(m.key, m.value) from jsonb_each(v_mark->'depths') m
            where v_mark->>'at' = v_at and m.key::int < v_depth), '{}')
            || jsonb_build_object(v_depth::text, least(v_own, v_inner, i_before))));
    end if;
    perform set_config('pgtide.nested', case when v_marks = '{}' then '' else v_marks::text end, true);
end;
$$;
