-- pgq.ticker(i_queue_name), pgq.ticker(i_queue_name, i_tick_id, i_orig_timestamp, i_event_seq), pgq.ticker()
--
-- Makes ticks. (queue): one tick when the queue's configuration says that it is time. (queue, ...): a tick that was made
-- elsewhere, for a queue with an external ticker. (): all queues that have neither an external nor a paused ticker.
--
-- Arguments: i_tick_id, i_orig_timestamp, i_event_seq - the tick as it is on the node where it was made
-- Returns: bigint: the new tick's id, null when it is not yet time; (): the number of queues ticked
-- Writes: pgq.tick; the four-argument one also moves the queue's sequences forward
-- Errors: TD002 no such queue; TD003 external or paused ticker, wrong isolation level, a tick that would not be after
--         the last one; TD009 four arguments, and no right to administrate the queue
--
-- Ticks must be ordered: tick n+1's snapshot sees all that tick n's sees. Otherwise a batch would hold events of an
-- earlier batch again, or leave some out. So tickers of a queue wait for each other (advisory lock 7366513 = 'pgq', queue
-- id; it ends with the transaction), and only a statement after that takes the snapshot. Under REPEATABLE READ and
-- SERIALIZABLE the snapshot would be older than the lock; they are refused.
--
-- A last tick that is later than the clock was made before the clock went back. How old it is cannot be known, so a tick is due:
-- it bears the time of now, and with it all goes by the clock again. (Who has waited for the lock may find a tick
-- later than its transaction, and so than now(), but not than the clock.)
create or replace function pgq.ticker(i_queue_name text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_bitmapscan = off as $$
declare
    v_queue record;
    v_last  record;
    v_gap   interval;
    v_lag   interval;
    v_ahead boolean;
    v_seq   bigint;
    v_new   bigint;
begin
    select q.queue_id into v_queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception 'no such queue' using errcode = 'TD002', detail = 'queue: ' || coalesce(i_queue_name, 'null');
    end if;
    perform pgq._lock_ticks(v_queue.queue_id);

    select q.* into v_queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception 'no such queue' using errcode = 'TD002', detail = 'queue: ' || i_queue_name;
    elsif v_queue.queue_external_ticker then
        raise exception 'This queue has external tick source.' using errcode = 'TD003', detail = 'queue: ' || i_queue_name;
    elsif v_queue.queue_ticker_paused then
        raise exception 'Ticker has been paused for this queue'
            using errcode = 'TD003', detail = 'queue: ' || i_queue_name,
            hint = 'select pgq.set_queue_config(queue, ''ticker_paused'', ''false'')';
    end if;

    v_seq := coalesce(pg_sequence_last_value(pgq.quote_fqname(v_queue.queue_event_seq)::regclass), 0);
    select t.tick_id, t.tick_time, t.tick_event_seq into v_last
      from pgq.tick t where t.tick_queue = v_queue.queue_id order by t.tick_id desc limit 1;
    if found then
        v_lag := now() - v_last.tick_time;
        v_ahead := v_last.tick_time > clock_timestamp();
        v_new := v_seq - v_last.tick_event_seq;
        if v_new < 0 then
            raise warning 'Negative new_events?  old=% cur=%', v_last.tick_event_seq, v_seq;
        elsif v_new > 0 then
            if v_new < v_queue.queue_ticker_max_count and v_lag < v_queue.queue_ticker_max_lag and not v_ahead then
                return null;
            end if;
        elsif not v_ahead then
            select v_last.tick_time - t.tick_time into v_gap
              from pgq.tick t where t.tick_queue = v_queue.queue_id and t.tick_id < v_last.tick_id
             order by t.tick_id desc limit 1;
            if found and (v_lag < v_queue.queue_ticker_max_lag / 2
                          or (v_lag < v_gap * 2 and v_lag < v_queue.queue_ticker_idle_period)) then
                return null;
            end if;
        end if;
    end if;

    return pgq._store_tick(v_queue.queue_id, nextval(pgq.quote_fqname(v_queue.queue_tick_seq)::regclass), now(), v_seq);
end;
$$;

create or replace function pgq.ticker(
    i_queue_name text, i_tick_id bigint, i_orig_timestamp timestamptz, i_event_seq bigint
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
    v_result    bigint;
begin
    if v_queue_id is null then
        raise exception 'queue not found or ticker disabled: %', i_queue_name using errcode = 'TD003';
    end if;
    execute format('select r.n from %s(''pgq.ticker'', $1) as r(n bigint)', pgq._gate(v_queue_id, 'admin'))
       into v_result using array[i_tick_id::text, to_json(i_orig_timestamp)#>>'{}', i_event_seq::text];
    return v_result;
end;
$$;

create or replace function pgq.ticker() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text;
    v_count bigint := 0;
begin
    for v_name in
        select q.queue_name from pgq.queue q
         where not q.queue_external_ticker and not q.queue_ticker_paused order by q.queue_name
    loop
        if pgq.ticker(v_name) is not null then
            v_count := v_count + 1;
        end if;
    end loop;
    return v_count;
end;
$$;
