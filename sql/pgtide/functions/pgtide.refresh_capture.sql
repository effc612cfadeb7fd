-- pgtide.refresh_capture(i_queue) returns setof text
--
-- Brings the capture functions of a queue's tables up to date with the shapes of the tables (after ALTER TABLE, a new
-- partition, a restore from a dump), so that their statements are static again. Returns the names of the tables changed.
-- A table whose own trigger is gone, or that is not the table that was captured, is left as it is, and reported by pgtide.capture_problems:
-- it was created again, or somebody dropped the trigger, and capturing again does not bring back what was not captured meanwhile.
-- So is a table with a foreign table among its partitions where triggers are missing: none can be made on it (pgtide.create_capture).
-- A table that follows alone and has become a partition gets row triggers: a statement on the table above it fires none of its
-- statement triggers.
-- One at a time: whoever finds another at it leaves it to that one and returns nothing (two that replace one function would fail).
-- Makes the functions that look into tables of other roles, where it may and they are missing (pgtide.let_look), and drops those that no
-- trigger calls any more.
-- Takes no lock on a table unless a trigger is missing on a partition, or tables share a function.
create or replace function pgtide.refresh_capture(i_queue text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stale record;
    v_changed text[] := '{}';
begin
    if not pg_try_advisory_xact_lock(hashtext('pgtide.refresh_capture'), hashtext(i_queue)) then
        return;
    end if;
    for v_stale in
        select c.root, c.name from pgtide.captured_tables(i_queue) c
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
            from pgtide.captured_relations(i_queue) r
            cross join pgtide.capture_version() v
            left join pg_proc p on p.pronamespace = 'pgtide'::regnamespace and p.proname = r.function
            window w as (partition by r.root)) r
        where (r.function is null or r.stale or r.outdated or r.shared or r.relation <> r.root and not r.whole) and not r.replaced_root
    loop
        if v_stale.function is not null and not v_stale.shared and (v_stale.whole or v_stale.relation = v_stale.root) then
            execute pgtide.capture_function(v_stale.queue_id, v_stale.relation, v_stale.root, v_stale.function);
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
    perform pgtide.let_look(i_queue);
    perform pgtide.drop_uncalled_captures((select q.queue_id from pgq.queue q where q.queue_name = i_queue));
    for v_stale in
        select r.root, r.name from pgtide.captured_relations(i_queue) r
        where r.relation = r.root and r.whole and not r.replaced and pgtide.foreign_partitions(r.root) = '{}'
    loop
        begin
            if pgtide.guard_partitions(i_queue, v_stale.root)::int + pgtide.capture_replica(i_queue, v_stale.root) > 0
                    and v_stale.name <> all (v_changed) then
                v_changed := v_changed || v_stale.name;
                return next v_stale.name;
            end if;
        exception when lock_not_available then
            -- Its writers come first; the next run tries again, and status tells.
            null;
        end;
    end loop;
end;
$$;
