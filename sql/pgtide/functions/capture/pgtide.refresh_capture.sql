-- pgtide.refresh_capture(i_queue)
--
-- On the provider, in maintenance: brings the capture functions of a queue's tables up to date with the shapes of the tables
-- (after ALTER TABLE, a new partition, a restore from a dump), so that their statements are static again.
--
-- Returns: setof text, the names of the tables that it has changed; no rows if there are none, or another session is doing the
--          same
-- Writes: as pgtide._create_row_table; functions in schema pgtide, and triggers on the tables and their partitions: as
--         pgtide.create_capture, pgtide.create_look_functions, pgtide._drop_uncalled_captures, pgtide.guard_partitions, pgtide._capture_replica and londiste.create_trigger
-- Errors: as pgtide.create_capture and londiste.create_trigger
--
-- A table whose own trigger is missing, or that is not the table that was captured, is left as it is, and reported by
-- pgtide.capture_problems: it was created again, or a user dropped the trigger, and to capture it again would not bring back what
-- was not captured meanwhile. So is a table with a foreign table among its partitions if triggers are missing: none can be
-- created on it (pgtide.create_capture).
--
-- A table that follows alone and has become a partition gets row triggers: a statement on the table above it fires none of its
-- statement triggers.
--
-- One at a time: a session that finds another at it leaves the work to that one (two that replace one function would fail).
--
-- It takes no lock on a table unless it creates or changes a trigger: one is missing on a partition, tables share a function, the
-- guard or the row triggers for replica mode are missing or not as the policy says, or the table has become a partition. If the
-- guard or the row triggers have to wait for a lock longer than lock_timeout, they are left to the next run.
create or replace function pgtide.refresh_capture(i_queue text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stale record;
    v_changed text[] := '{}';
    v_rows record;
    v_shape text;
    v_row_tables int := 0;
    -- Each row table costs some locks until the transaction ends.
    c_row_tables constant int := 50;
begin
    if not pg_try_advisory_xact_lock(hashtext('pgtide.refresh_capture'), hashtext(i_queue)) then
        return;
    end if;
    for v_stale in
        select c.root, c.name from pgtide._captured_tables(i_queue) c
        join pgq.queue q on q.queue_name = i_queue
        join pg_class t on t.oid = c.root
        where t.relispartition and exists (select from pgtide.capture_triggers(q.queue_id, c.root))
    loop
        if (select t.ret_code < 400 from londiste.create_trigger(i_queue, v_stale.name, '{}', v_stale.name, 'root') t) then
            return next v_stale.name;
        end if;
    end loop;
    for v_stale in
        select * from (
            select r.*, bool_or(r.replaced) over w as replaced_root, bool_or(r.relation = r.root and not r.whole) over w as broken_root,
                   position(v in p.prosrc) = 0 as outdated
            from pgtide._captured_relations(i_queue) r
            cross join pgtide._capture_version() v
            left join pg_proc p on p.pronamespace = 'pgtide'::regnamespace and p.proname = r.function
            window w as (partition by r.root)) r
        where (r.function is null or r.stale or r.outdated or r.shared or r.relation <> r.root and not r.whole) and not r.replaced_root
    loop
        v_shape := pgtide.capture_shape(v_stale.relation, v_stale.root);
        v_rows := pgtide._create_row_table(v_stale.queue_id, v_stale.root, v_row_tables < c_row_tables);
        v_row_tables := v_row_tables + v_rows.created::int;
        if v_rows.lacking then
            continue;
        elsif v_stale.function is not null and not v_stale.shared and (v_stale.whole or v_stale.relation = v_stale.root) then
            execute pgtide._capture_function(v_stale.queue_id, v_stale.relation, v_stale.root, v_stale.function, v_shape, v_rows.prefix);
        elsif v_stale.broken_root or pgtide.foreign_partitions(v_stale.root) <> '{}' then
            continue;
        else
            perform pgtide.create_capture(i_queue, v_stale.root, v_stale.name);
        end if;
        if v_stale.name <> all (v_changed) then
            v_changed := v_changed || v_stale.name;
            return next v_stale.name;
        end if;
    end loop;
    perform pgtide.create_look_functions(i_queue);
    perform pgtide._drop_uncalled_captures((select q.queue_id from pgq.queue q where q.queue_name = i_queue));
    for v_stale in
        select r.root, r.name from pgtide._captured_relations(i_queue) r
        where r.relation = r.root and r.whole and not r.replaced and pgtide.foreign_partitions(r.root) = '{}'
    loop
        begin
            if pgtide.guard_partitions(i_queue, v_stale.root)::int + pgtide._capture_replica(i_queue, v_stale.root) > 0
                    and v_stale.name <> all (v_changed) then
                v_changed := v_changed || v_stale.name;
                return next v_stale.name;
            end if;
        exception when lock_not_available then
            -- The table's writers have precedence. The next run tries again, and status reports the table.
            null;
        end;
    end loop;
end;
$$;
