-- pgq.maint_rotate_tables_step1(i_queue_name)
--
-- Switches a queue to its next event table, which it truncates, when the rotation period is over (or began in the future: the
-- clock was set back) and every consumer has left that table behind. Step 2 must follow in a later transaction.
--
-- Returns: int4, 1: it has emptied row tables, and there are more, so it is to be called again; 0 otherwise, also when it is not yet time,
--          a consumer is too far behind, or a table is locked
-- Writes: pgq.queue, pgq.tick; truncates an event table, and row tables; as pgq._create_event_index
-- Errors: TD003 the queue's transaction ids or ticks contradict each other
--
-- Why a batch never misses an event of the table before: a writer has its transaction id before it reads which table is
-- current (pgq._insert_event). If it reads the old one, step 1 had not committed then, so step 2, which is a later
-- transaction, gets a higher id than the writer. A batch that begins with xmin > step 2 begins after the writer ended.
-- A writer in REPEATABLE READ may have an older snapshot than its id: it makes sure that no switch has committed since
-- (pgq._refuse_old_queue). A capture reads the current table from its plan and not from pgq.queue. Only the commit of the truncation
-- invalidates that plan, so the same holds (pgtide.known_event_table).
-- Row tables (pgq.row_table) are emptied before the event table that they belong to, and at most 100 in one call: each costs some locks,
-- of which a server has a limited number.
-- The queue's row is locked against pgq.register_consumer_at and other maintenance, which do not wait: whoever finds it locked
-- leaves it for the next time.
create or replace function pgq.maint_rotate_tables_step1(i_queue_name text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue     record;
    v_lowest    bigint;
    v_xmin      bigint;
    v_next      int4;
    v_table     text;
    v_rows      text;
    v_again     int4 := 0;
begin
    select q.* into v_queue
      from pgq.queue q
     where q.queue_name = i_queue_name
       and q.queue_rotation_period is not null
       and q.queue_switch_step2 is not null
       and (q.queue_switch_time + q.queue_rotation_period < now() or q.queue_switch_time > clock_timestamp())
       for no key update skip locked;
    if not found then
        return 0;
    end if;
    if txid_current() < v_queue.queue_switch_step1 then
        raise exception 'queue % maint failure: step1=%, current=%', i_queue_name, v_queue.queue_switch_step1, txid_current()
            using errcode = 'TD003',
            detail = 'Transaction ids went back: this database was restored from a dump.',
            hint = 'select * from pgtide.queue_new_epoch(queue) repairs it.';
    end if;

    select min(s.sub_last_tick) into v_lowest from pgq.subscription s where s.sub_queue = v_queue.queue_id;
    if v_lowest is null then
        -- There are no consumers, but one may subscribe at a tick that is kept. So all writers to the previous table must
        -- have ended.
        v_xmin := txid_snapshot_xmin(txid_current_snapshot());
    else
        select txid_snapshot_xmin(t.tick_snapshot) into v_xmin
          from pgq.tick t where t.tick_queue = v_queue.queue_id and t.tick_id = v_lowest;
        if not found then
            raise exception 'queue % maint failure: tick % not found', i_queue_name, v_lowest
                using errcode = 'TD003', hint = 'Move the consumer to a tick that exists: pgq.register_consumer_at.';
        end if;
    end if;
    if v_xmin <= v_queue.queue_switch_step2 then
        return 0;
    end if;

    v_next := (v_queue.queue_cur_table + 1) % v_queue.queue_ntables;
    v_table := pgq.quote_fqname(v_queue.queue_data_pfx || '_' || v_next::text);
    for v_rows in select r.name from pgq._row_tables(v_queue.queue_id, v_next, true) r limit 100 loop
        begin
            execute 'lock table ' || v_rows || ' in access exclusive mode nowait';
            execute 'truncate ' || v_rows;
            perform pgq._create_event_index(v_rows);
            v_again := 1;
        exception when lock_not_available then
            null;
        end;
    end loop;
    if exists (select from pgq._row_tables(v_queue.queue_id, v_next, true)) then
        return v_again;
    end if;
    begin
        execute 'lock table ' || v_table || ' in access exclusive mode nowait';
        execute 'truncate ' || v_table;
        perform pgq._create_event_index(v_table);
    exception when lock_not_available then
        return 0;
    end;

    update pgq.queue
       set queue_cur_table = v_next, queue_switch_time = now(), queue_switch_step1 = txid_current(), queue_switch_step2 = null
     where queue_id = v_queue.queue_id;
    delete from pgq.tick
     where tick_queue = v_queue.queue_id and txid_snapshot_xmin(tick_snapshot) < v_queue.queue_switch_step2;
    return 0;
end;
$$;
