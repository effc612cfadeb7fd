-- pgtide.retire_row_tables(i_queue)
--
-- In maintenance, in a transaction that does nothing else, so that no session waits long for the tables that are dropped: drops row tables
-- (pgq.row_table) that an earlier run has retired and rotation has emptied, and retires those that no capture of a queue writes any more, since the table has another shape or has left the queue.
--
-- Returns: int, the number of row tables dropped, at most 50: each costs some locks
-- Writes: pgq.row_table; drops pgq.rows_<queue>_<id>_<n>
--
-- A statement that runs while its capture is replaced may go on in the earlier function. So the virtual ids of all open transactions are
-- noted once the replacement is known to be committed, and a row table is dropped when all of these have ended.
--
-- Whoever makes a capture that writes a row table locks its row here before, until it commits (pgq._create_row_table). So while this
-- function holds that lock, no capture in the making can be missed.
create or replace function pgtide.retire_row_tables(i_queue text)
returns int language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c_most constant int := 50;
    v_open text[];
    v_row_table record;
    v_name text;
    v_used bool;
    v_filled bool;
    v_dropped int := 0;
    v_queue_id int := (select q.queue_id from pgq.queue q where q.queue_name = i_queue);
begin
    if to_regclass('pgq.row_table') is null then
        return 0;
    end if;
    if not pg_has_role((select c.relowner from pg_class c where c.oid = 'pgq.row_table'::regclass), 'USAGE') then
        return 0;
    end if;
    for v_row_table in
        select r.* from pgq.row_table r
        where r.rt_queue = v_queue_id
          and (r.rt_retired is not null
               or format('pgq.rows_%s_%s', r.rt_queue, r.rt_id) not in (select u.name from pgtide._used_row_tables(v_queue_id) u (name)))
        order by r.rt_id for update skip locked
    loop
        v_name := format('pgq.rows_%s_%s', v_row_table.rt_queue, v_row_table.rt_id);
        v_used := v_name in (select u.name from pgtide._used_row_tables(v_queue_id) u (name));
        if v_used or v_row_table.rt_retired is null then
            v_open := case when not v_used then pgtide._open_transactions() end;
            update pgq.row_table r set rt_retired = v_open where r.rt_id = v_row_table.rt_id;
            continue;
        end if;
        exit when v_dropped >= c_most;
        continue when v_row_table.rt_retired && pgtide._open_transactions();
        begin
            v_filled := false;
            for v_nr in 0 .. v_row_table.rt_ntables - 1 loop
                v_filled := v_filled or coalesce(pg_relation_size(to_regclass(v_name || '_' || v_nr)), 0) > 0;
            end loop;
            continue when v_filled;
            for v_nr in 0 .. v_row_table.rt_ntables - 1 loop
                continue when to_regclass(v_name || '_' || v_nr) is null;
                execute format('lock table %s_%s in access exclusive mode nowait', v_name, v_nr);
                execute format('drop table %s_%s', v_name, v_nr);
            end loop;
            delete from pgq.row_table r where r.rt_id = v_row_table.rt_id;
            v_dropped := v_dropped + 1;
        exception when lock_not_available then
            -- A reader or a dump uses it. The next run tries again.
            null;
        end;
    end loop;
    return v_dropped;
end;
$$;
