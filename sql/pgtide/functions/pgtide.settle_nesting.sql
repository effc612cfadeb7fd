-- pgtide.settle_nesting(i_event_parent, i_root, i_name, i_op, i_before [, i_there]) returns void
--
-- Keeps, per key, the order of events equal to the order of row versions when statements on one table nest.
--
-- A statement trigger fires after the row triggers of its statement. When one of those (or the action of a foreign key
-- that refers to its own table) changes the same table again, the inner statement's capture runs first, and the outer
-- one's older images would get the higher ev_id. Nor does inner always mean later: a BEFORE ROW trigger may delete the
-- row that the outer statement then inserts. So the order is not guessed. Each inner capture leaves a mark; the outer
-- capture that finds one takes all events of the table since then, and per key that both have touched puts one event in
-- their place, which holds the row as it is now:
--     existed before = exists now - (inserts - deletes)          (inserts and deletes of one key alternate)
--     before and now: update; now only: insert; before only: delete; neither: nothing
-- A table without a key settles the same way over whole rows, as a multiset.
--
-- INSERT .. ON CONFLICT DO UPDATE and MERGE fire several statement triggers, always in the order delete, update, insert, and all
-- of them after the row triggers. So a capture that has settled leaves its mark for the captures of later operations of the
-- same depth, until an inner capture shows that a new statement has begun.
--
-- A MERGE into a partitioned table that updates a row after it has inserted one shows to its UPDATE triggers the inserted row in place of the
-- updated one (PostgreSQL 15 to 18). So there a key that a row has left and that is there may have been updated, or be inserted by
-- another part. The capture of the inserts tells: it has the row that was shown too often (pgtide.merge_nested, i_merge).
--
-- The marks live in the setting pgtide.nested for the transaction: per table the client's statement (marks of earlier ones are
-- in order already), per trigger depth the last ev_id before the inner captures, and per depth what was settled last (from: what
-- preceded an UPDATE that may be a MERGE's):
--     {table: {"at": time, "depths": {depth: ev_id}, "done": {depth: {"turn": 1-3, "inner": ev_id, "from": ev_id}}}}
--   i_event_parent  the queue's event table, parent of the rotated ones
--   i_root, i_name  the replicated table and its name in events
--   i_op            the trigger's operation
--   i_before        the event sequence's value before the calling capture wrote
--   i_there         a key that a row has left is in the table all the same (pgtide.capture_check): another part of the same statement put it
--                   there, in whatever order the parts are captured, and so all events of the transaction are settled, now and by the
--                   parts that follow
create or replace function pgtide.settle_nesting(i_event_parent text, i_root oid, i_name text, i_op text, i_before bigint, i_there bool default false)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- This function itself is called by a trigger, not as one: the depth is the capture's.
    v_depth int := pg_trigger_depth();
    v_turn int := case i_op when 'DELETE' then 1 when 'UPDATE' then 2 else 3 end;
    v_table text := i_event_parent || ' ' || i_root;
    v_at text := statement_timestamp()::text;
    v_marks jsonb := coalesce(nullif(current_setting('pgtide.nested', true), ''), '{}');
    v_mark jsonb;
    v_inner bigint;
    v_own bigint;
    v_depths jsonb;
    v_done jsonb;
    v_from bigint;
    v_merge bool := i_there and v_turn = 2 and current_setting('server_version_num')::int >= 150000
        and (select c.relkind from pg_class c where c.oid = i_root) = 'p';
begin
    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_marks
    from jsonb_each(v_marks) m where m.value->>'at' = v_at;
    v_mark := coalesce(v_marks->v_table, '{"depths": {}, "done": {}}');
    select min(m.value::bigint) filter (where m.key::int > v_depth), min(m.value::bigint) filter (where m.key::int = v_depth)
    into v_inner, v_own
    from jsonb_each_text(v_mark->'depths') m;
    if (v_mark#>>array['done', v_depth::text, 'turn'])::int < v_turn then
        v_inner := least(v_inner, (v_mark#>>array['done', v_depth::text, 'inner'])::bigint);
        v_from := (v_mark#>>array['done', v_depth::text, 'from'])::bigint;
    end if;
    if i_op = 'TRUNCATE' then
        -- Before a partition is truncated its rows are deletes in the queue, and there all the same.
        null;
    elsif i_there and not v_merge then
        v_inner := 0;
        perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, null);
    elsif v_inner is not null then
        if v_turn = 3 and v_from is not null then
            perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_from, null, true);
        end if;
        if pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, i_before) > 0 and not v_merge then
            -- Another part of the statement was captured before the inner statements were.
            v_inner := 0;
            perform pgtide.merge_nested(i_event_parent, i_root, i_name, v_inner, null);
        end if;
    end if;
    if v_merge then
        v_inner := 0;
    end if;

    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_depths
    from jsonb_each(v_mark->'depths') m where m.key::int < v_depth;
    select coalesce(jsonb_object_agg(m.key, m.value), '{}') into v_done
    from jsonb_each(v_mark->'done') m where m.key::int < v_depth;
    if v_depth > 1 then
        v_depths := v_depths || jsonb_build_object(v_depth::text, least(v_own, v_inner, i_before));
    end if;
    if v_inner is not null and v_turn < 3 then
        v_done := v_done || jsonb_build_object(v_depth::text,
            jsonb_build_object('turn', v_turn, 'inner', v_inner, 'from', case when v_merge then i_before end));
    end if;
    v_marks := case when v_depths = '{}' and v_done = '{}' then v_marks - v_table
        else v_marks || jsonb_build_object(v_table, jsonb_build_object('at', v_at, 'depths', v_depths, 'done', v_done)) end;
    perform set_config('pgtide.nested', case when v_marks = '{}' then '' else v_marks::text end, true);
end;
$$;
