-- pgtide.apply_stage(i_queue, i_replica, i_on_conflict)
--
-- On the subscriber: applies the staged row events that pgtide.judge_stage left: truncates, then rows. All other events are
-- handled by pgtide.handle_events.
--
-- Arguments: i_replica - the transaction is in replica mode (pgtide.begin_apply)
--            i_on_conflict - policy for a table whose events do not fit its rows: an update or delete that finds
--            no row, an insert that finds one, a column or value that does not fit
--              set-aside  undo this slice's part of it, store the reason, skip it until it is copied again; others go on
--              resync     the same, and start its copy over at once
--              overwrite  make the row what the event says; if that fails too: set-aside
--              stop       fail: nothing of the slice is applied
-- Returns: one row for each table with row events or an error: table_name; inserted, updated, deleted, missing, conflicts,
--          collapsed, the numbers of rows, also of those that are in place; exact, whether it was replayed event by event; error, why it was not applied, or
--          null; state, the SQLSTATE of that error if applying its rows raised it, otherwise null. No rows when only
--          truncates, or nothing, were staged
-- Writes: the tables; pgtide.table_stats; as pgtide.set_aside, pgtide.reset_copy, pgtide._disable_triggers_and_actions,
--         pgtide._leave_staged; temporary table pgtide_stage; it creates pgtide_work, pgtide_counts, pgtide_shapes,
--         pgtide_groups, pgtide_sums, and those of its callees
-- Errors: TD013 rows that arrived as rows fail (pgtide._find_failure) or, in place, do not fit, or the columns here were changed meanwhile: the
--         slice must be replayed with events; those that do not concern a table alone (missing privileges, locks, a full disk and the like), which fail the
--         slice; with the policy stop, those that do (pgtide._table_failure); as pgtide._disable_triggers_and_actions
--
-- Rows are applied set-wise: one delete, update and insert for each table. They run table by table, deletes first, so that
-- unique values are free again. Without replica mode, parents come before children, and the deletes of tables whose live
-- foreign keys act on a delete come last, children before parents (pgtide._set_steps). If a set-wise statement meets a
-- unique, exclusion or foreign key violation that the exact order might not, the table (without replica mode: the slice) is
-- replayed again event by event, inside this transaction.
--
-- A last image per key stands for the earlier ones only if it holds all that they held. Images of pgtide's capture do: they
-- are whole rows. Others (of PgQ's triggers: pgtide._read_classic_event) may hold some columns, and the next image other
-- columns: if keys repeat and column lists differ, the images of a key are folded into one (pgtide._fold_stage).
--
-- Tables that leave the queue in this slice do so at its end (pgtide._leave_staged).
--
-- Code that runs as a table's owner can move any cursor of the session. So no statement of pgtide.run is inside of a loop
-- over a query, here and in all that is called here: loops go over arrays.
create or replace function pgtide.apply_stage(i_queue text, i_replica bool, i_on_conflict text)
returns table (table_name text, inserted bigint, updated bigint, deleted bigint, missing bigint, conflicts bigint,
    collapsed bigint, exact bool, error text, state text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_table record;
    v_nr int;
    v_list text;
    v_again bool;
    -- The tables whose rows are in place.
    v_in_place constant text[] := array(select t.table_name from pg_temp.pgtide_typed t where t.stage is null);
begin
    perform pgtide._take_truncates(i_queue);

    -- truncated: pgtide._apply_tables truncates the table as a part of its changes. Tables without events are only truncated.
    create temp table pgtide_work on commit drop as
    select k.table_name, londiste.find_table_oid(coalesce(max(t.dest_table), k.table_name)) as oid,
           row_number() over (order by k.table_name)::int as nr, 0 as rank, sum(k.events)::bigint as events,
           0::bigint as collapsed, 'not chosen'::text as runner, false as lazy, false as one_by_one, false as exact, null::text as error,
           null::text as state,
           exists (select from pg_temp.pgtide_truncated c where c.table_name = k.table_name) as truncated
    from (select table_name, events from pg_temp.pgtide_kinds where op is distinct from 'T' and table_name <> all (v_in_place)
          union all select table_name, 0 from pg_temp.pgtide_truncated) k
    join londiste.table_info t on t.queue_name = i_queue and t.table_name = k.table_name and t.local
    group by k.table_name;

    if exists (select from pg_temp.pgtide_kinds k where k.table_name = any (v_in_place) and k.misfit is not null)
            or exists (select from pg_temp.pgtide_typed t join pg_temp.pgtide_work w on w.oid = t.relation where t.stage is null)
            -- Its schema was renamed before the COPY.
            or exists (select from pg_temp.pgtide_typed t
                       join londiste.table_info i on i.queue_name = i_queue and i.table_name = t.table_name
                       where t.stage is null and londiste.find_table_oid(coalesce(i.dest_table, i.table_name)) is distinct from t.relation) then
        raise exception 'rows are in place that do not fit, or whose table gets other rows or is another one' using errcode = 'TD013';
    end if;

    create temp table pgtide_counts (nr int, op text, changed bigint, missing bigint, conflicts bigint) on commit drop;
    -- See pgtide._type_stage.
    create temp table pgtide_shapes (nr int, shape int, ev_type text, tag text, columns int[], key int[],
        same_key text, groups bool) on commit drop;
    create temp table pgtide_groups (nr int, op "char", shape int, rows bigint) on commit drop;
    if (select count(*) > 50 from pg_temp.pgtide_work) then
        create index on pg_temp.pgtide_work (nr);
        create index on pg_temp.pgtide_shapes (nr);
        create index on pg_temp.pgtide_groups (nr);
    end if;

    foreach v_nr in array array(select nr from pg_temp.pgtide_work order by nr) loop
        perform pgtide._note_runner(v_nr, i_on_conflict);
        select w.*, c.collapse, c.guess into v_table from pg_temp.pgtide_work w
        -- If all events are inserts, or all are deletes, no two have the same key, unless the rows differ from the
        -- provider's. If all are updates, the statement shows whether two met one row: it then changes fewer rows than it
        -- was given.
        cross join lateral (
            select sum(k.events) > 1 and (i_on_conflict = 'overwrite' or bool_or(k.op = 'U') or count(distinct k.op) > 1) as collapse,
                   i_on_conflict <> 'overwrite' and bool_and(k.op = 'U') as guess
            from pg_temp.pgtide_kinds k where k.table_name = w.table_name and k.op <> 'T') c
        where w.nr = v_nr;
        if (v_table.oid is null or v_table.events > 0) and v_table.error is null then
            perform pgtide._type_table(v_table.nr, v_table.collapse, v_table.guess, i_on_conflict);
        end if;
    end loop;

    if i_replica then
        perform pgtide._find_own_keys();
        -- Tables that refer to each other are truncated together, except those whose truncation may have to be undone.
        begin
            perform pgtide._apply_truncates(array(select nr from pg_temp.pgtide_work where truncated and error is null
                                                 except select nr from pg_temp.pgtide_own_keys));
            update pg_temp.pgtide_work set truncated = false where nr not in (select nr from pg_temp.pgtide_own_keys);
        exception when others then
            if not pgtide._is_table_failure(sqlstate) then
                raise;
            end if;
            -- They are truncated one by one below, which shows the table that failed.
        end;
        foreach v_nr in array array(select nr from pg_temp.pgtide_work where error is null order by nr) loop
            perform pgtide._apply_tables(array[v_nr], true, i_on_conflict);
        end loop;
    else
        -- Wait for a foreign key that a copy is restoring: it decides the order, and its cascades count.
        select string_agg(oid::regclass::text, ', ' order by oid) into v_list
        from pg_temp.pgtide_work where oid is not null and error is null and events > 0;
        if v_list is not null then
            execute format('lock table %s in row exclusive mode', v_list);
        end if;
        perform pgtide._disable_triggers_and_actions(i_queue, array(select oid from pg_temp.pgtide_work where oid is not null));
        perform pgtide._watch_keys();
        update pg_temp.pgtide_work w set rank = r.rank from pgtide._foreign_key_ranks(
            array(select oid from pg_temp.pgtide_work where oid is not null)) r where r.oid = w.oid;
        loop
            -- If a table fails, only this table is left out; the others are tried again without it.
            v_again := pgtide._apply_tables(array(select nr from pg_temp.pgtide_work where error is null order by nr), false, i_on_conflict);
            exit when not v_again;
        end loop;
    end if;

    -- From here on the tables are locked by the statements that changed them.
    if exists (select from pg_temp.pgtide_typed t join pg_temp.pgtide_work w on w.table_name = t.table_name
               where w.error is null and t.mark <> pgtide._columns_mark(w.oid)) then
        raise exception 'columns were changed while the rows arrived' using errcode = 'TD013';
    end if;
    for v_table in select * from pg_temp.pgtide_work where error is not null loop
        if i_on_conflict = 'resync' then
            perform pgtide.reset_copy(i_queue, v_table.table_name);
        else
            perform pgtide.set_aside(i_queue, v_table.table_name, v_table.error);
        end if;
    end loop;
    create temp table pgtide_sums on commit drop as
    select w.table_name, w.nr, coalesce(sum(c.changed) filter (where c.op = 'I'), 0)::bigint as inserted,
           coalesce(sum(c.changed) filter (where c.op = 'U'), 0)::bigint as updated,
           coalesce(sum(c.changed) filter (where c.op = 'D'), 0)::bigint as deleted,
           coalesce(sum(c.missing), 0)::bigint as missing, coalesce(sum(c.conflicts), 0)::bigint as conflicts,
           coalesce(w.collapsed, 0) as collapsed, w.exact, w.error, w.state
    from pg_temp.pgtide_work w left join pg_temp.pgtide_counts c on c.nr = w.nr
    where w.events > 0 or w.error is not null
    group by w.table_name, w.nr, w.collapsed, w.exact, w.error, w.state
    union all
    select t.table_name, 0, t.events, 0, 0, 0, 0, 0, false, null, null from pg_temp.pgtide_typed t where t.stage is null;
    insert into pgtide.table_stats as s (queue_name, table_name, inserted, updated, deleted, missing, conflicts, last_problem)
    select i_queue, w.table_name, w.inserted, w.updated, w.deleted, w.missing, w.conflicts,
           case when w.missing + w.conflicts > 0 then now() end
    from pg_temp.pgtide_sums w where w.error is null
    on conflict (queue_name, table_name) do update
    set inserted = s.inserted + excluded.inserted, updated = s.updated + excluded.updated, deleted = s.deleted + excluded.deleted,
        missing = s.missing + excluded.missing, conflicts = s.conflicts + excluded.conflicts,
        last_problem = coalesce(excluded.last_problem, s.last_problem);
    perform pgtide._leave_staged(i_queue);
    return query
    select w.table_name, w.inserted, w.updated, w.deleted, w.missing, w.conflicts, w.collapsed, w.exact, w.error, w.state
    from pg_temp.pgtide_sums w order by w.nr, w.table_name;
end;
$$;
