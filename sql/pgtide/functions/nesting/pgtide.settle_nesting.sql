-- pgtide.settle_nesting(i_event_parent, i_root, i_name, i_op, i_before [, i_there])
--
-- On the provider, called by captures: keeps, for each key, the order of events equal to the order of row versions when
-- statements on one table nest.
--
-- Arguments: i_event_parent - the queue's event table, parent of the rotated ones; i_root, i_name - the replicated table and its
--            name in events; i_op - the trigger's operation; i_before - the event sequence's value before the calling capture
--            wrote; i_there - a key that a row has left is in the table nevertheless (pgtide.capture_check): another part of the
--            same statement put it there, in whatever order the parts are captured. So all events of the transaction are settled,
--            now and by the parts that follow; except for an UPDATE that may be a MERGE's
-- Returns: nothing
-- Writes: the queue's event tables and row tables, as pgtide.merge_nested; the setting pgtide.nested, until the transaction ends
-- Errors: as pgtide.merge_nested
--
-- A statement trigger fires after the row triggers of its statement. If one of those (or the action of a foreign key that refers
-- to its own table) changes the same table again, the inner statement's capture runs first, and the older row images of the outer
-- statement would get the higher ev_id. Nor is inner always later: a BEFORE ROW trigger may delete the row that the outer
-- statement then inserts. So the order is not guessed. Each inner capture leaves a mark; an outer capture that finds one looks at
-- all events of the table since then. For each key of its own whose events do not fit, it puts one event in their place, which
-- contains the row as it is now:
--
--     existed before = exists now - (inserts - deletes)          (inserts and deletes of one key alternate)
--     before and now: update; now only: insert; before only: delete; neither: nothing
--
-- A table without a key is settled the same way over whole rows, as a multiset.
--
-- INSERT .. ON CONFLICT DO UPDATE, MERGE and WITH fire several statement triggers, all of them after the row triggers: the first
-- two in the order delete, update, insert, WITH in any order, and the action of a foreign key to the same table once more for
-- each row that it reaches. So a capture that has settled leaves a mark for the captures of the same depth that follow.
-- PostgreSQL does not report where the next statement begins. The captures directly before a capture, as long as their operations
-- come in the usual order before its own, are taken as parts of its statement. If the table refers to itself, and unless the
-- statement's text is known (pgtide._statement_text) and has no WITH, the others of the last eight may be parts, too.
--
-- A MERGE into a partitioned table that updates a row after it has inserted one shows to its UPDATE triggers the inserted row in
-- place of the updated one (PostgreSQL 15 to 18). So there a key that a row has left and that is in the table may have been
-- updated, or inserted by another part. The capture of the inserts can decide: by its events one key was left too often, and
-- another inserted (pgtide.merge_nested, merge). Until then the UPDATE's events are not settled with events from before its
-- statement. An UPDATE may be a MERGE's unless its statement's text is known and has no MERGE.
--
-- The marks are in the setting pgtide.nested for the transaction: for each table the client's statement (marks of earlier ones
-- are in order already), for each trigger depth the last ev_id before the inner captures, and for each depth the last captures:
--
--     {table: {"at": time, "depths": {depth: ev_id}, "last": {depth: [{"turn": 1-3, "inner": ev_id, "from": ev_id}]}}}
--     turn   DELETE 1, UPDATE 2, INSERT 3
--     inner  the last ev_id before the inner captures of that capture, 0 if it has settled all
--     from   the last ev_id before an UPDATE that may be a MERGE's, and before what it nests
create or replace function pgtide.settle_nesting(i_event_parent text, i_root oid, i_name text, i_op text, i_before bigint, i_there bool default false)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- A trigger calls this function, which is not a trigger itself, so the depth is the capture's.
    v_depth int := pg_trigger_depth();
    v_turn int := case i_op when 'DELETE' then 1 when 'UPDATE' then 2 else 3 end;
    v_table text := i_event_parent || ' ' || i_root;
    v_at text := statement_timestamp()::text;
    v_marks jsonb := coalesce(nullif(current_setting('pgtide.nested', true), ''), '{}');
    v_mark jsonb;
    v_inner bigint;
    v_own bigint;
    v_depths jsonb;
    v_lasts jsonb;
    v_last jsonb;
    v_new bigint;
    v_near bigint;
    v_far bigint;
    v_from bigint;
    -- The UPDATE may be part of a MERGE that shows other rows.
    v_shown bool := v_turn = 2 and current_setting('server_version_num')::int >= 150000
        and (select c.relkind from pg_class c where c.oid = i_root) = 'p';
    v_merge bool;
    v_context text;
    v_text text;
    v_tables oid[];
    v_parts bool := false;
begin
    get diagnostics v_context = pg_context;
    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_marks
    from jsonb_each(v_marks) m where m.value->>'at' = v_at;
    v_mark := coalesce(v_marks->v_table, '{"depths": {}, "last": {}}');
    v_last := v_mark#>array['last', v_depth::text];
    if v_shown or v_last is not null then
        v_text := pgtide._statement_text(v_context);
        v_shown := v_shown and coalesce(v_text ~* '\mmerge\M', true);
    end if;
    if v_last is not null then
        v_tables := array(select i_root union all select h.inhrelid from pg_inherits h where h.inhparent = i_root);
        v_parts := coalesce(v_text ~* '\mwith\M', true)
            or exists (select from pg_constraint c where c.contype = 'f' and c.conrelid = any (v_tables) and c.confrelid = any (v_tables));
    end if;
    v_merge := i_there and v_shown;
    select min(m.value::bigint) filter (where m.key::int > v_depth), min(m.value::bigint) filter (where m.key::int = v_depth)
    into v_inner, v_own
    from jsonb_each_text(v_mark->'depths') m;
    with captures as (
        select c.value, c.nr, x.*, coalesce(lead(x.turn) over (order by c.nr), v_turn) as next_turn
        from jsonb_array_elements(v_last) with ordinality c (value, nr)
        cross join lateral jsonb_to_record(c.value) x (turn int, "inner" bigint, "from" bigint)
    ), marked as (
        select c.*, row_number() over later as back, bool_and(c.turn < c.next_turn) over later as near
        from captures c window later as (order by c.nr desc)
    )
    select coalesce(jsonb_agg(m.value order by m.nr), '[]'), min(m.inner) filter (where m.near or v_parts),
           min(m.inner) filter (where m.near), min(m.from) filter (where m.near)
    into v_last, v_far, v_near, v_from
    from marked m where m.back < 8;
    v_new := v_inner;
    v_inner := least(v_new, case when v_merge then v_near else v_far end);
    if v_merge or v_shown and least(v_new, v_near) is not null then
        v_from := least(v_new, v_near, i_before);
    end if;
    if i_op = 'TRUNCATE' then
        -- Before a partition is truncated, its rows are deletes in the queue, and still rows of the table.
        null;
    elsif i_there and not v_merge then
        v_new := 0;
        v_inner := 0;
        perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, null);
    elsif v_inner is not null then
        if v_turn = 3 and v_from is not null then
            perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_from, null, 'merge');
        end if;
        if pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, i_before,
                               case when v_far is null or v_merge then 'nested' else 'parts' end) > 0 and not v_merge then
            -- Another part of the statement was captured before the inner statements.
            v_new := 0;
            v_inner := 0;
            perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, null);
        end if;
    end if;
    if v_merge then
        v_new := 0;
        v_inner := 0;
    end if;

    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_depths
    from jsonb_each(v_mark->'depths') m where m.key::int < v_depth;
    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_lasts
    from jsonb_each(v_mark->'last') m where m.key::int < v_depth;
    if v_depth > 1 then
        v_depths := v_depths || jsonb_build_object(v_depth::text, least(v_own, v_inner, i_before));
    end if;
    if v_inner is not null and i_op <> 'TRUNCATE' then
        v_lasts := v_lasts || jsonb_build_object(v_depth::text,
            v_last || jsonb_build_object('turn', v_turn, 'inner', v_new, 'from', case when v_turn = 2 then v_from end));
    end if;
    v_marks := case when v_depths = '{}' and v_lasts = '{}' then v_marks - v_table
        else v_marks || jsonb_build_object(v_table, jsonb_build_object('at', v_at, 'depths', v_depths, 'last', v_lasts)) end;
    perform set_config('pgtide.nested', case when v_marks = '{}' then '' else v_marks::text end, true);
end;
$$;
