-- pgq_node.demote_root(i_queue_name, i_step, i_new_provider)
--
-- Makes a root a branch of another node, which takes over. Three steps, in order; a step may be repeated.
--
-- Arguments: i_step - 1: events and ticks are refused from its commit on; 2: waits for transactions that may write events, and makes
--            the last tick, which the new root has to reach before it is promoted (needs READ COMMITTED, and a transaction of its own);
--            3: the node becomes a branch that stands at the last tick; i_new_provider - the node that takes over, and feeds this one after step 3
-- Returns: ret_code, ret_note, last_tick (steps 2 and 3): 200; 301 not a root; 401 the new provider is this node; 403 the ticker
--          is paused, so that step 2 could not tick; 404 no node of that queue, or unknown provider
-- Writes: pgq.queue, pgq.tick, pgq_node.node_info, pgq_node.local_state
-- Errors: TD001 no such step; TD003 steps in wrong order, also when there are events after the last tick: no other node
--         would ever get them; as pgq.ticker, as pgq_node._event_table
--
-- No event lies after the last tick: who writes one has seen inserts enabled before step 1 was committed. Step 2 first waits for all who may
-- have seen that, before it holds a lock that they could wait for, then for prepared transactions by a lock on the event table and the row tables, and
-- only a later statement takes the tick's snapshot.
create or replace function pgq_node.demote_root(
    in i_queue_name text,
    in i_step int4,
    in i_new_provider text,
    out ret_code int4,
    out ret_note text,
    out last_tick int8
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_rows      regclass;
    v_node  record;
    v_queue record;
    v_seen  txid_snapshot;
    v_late  boolean;
    v_waited boolean;
begin
    if i_step = 2 and txid_current_if_assigned() is null then
        v_waited := exists (select from pgq.queue q
                              join pgq_node.node_info n on n.queue_name = q.queue_name and n.node_type = 'root'
                             where q.queue_name = i_queue_name and q.queue_disable_insert and not q.queue_ticker_paused);
        if v_waited then
            perform pgq_node._await_writers();
        end if;
    end if;

    select n.node_type, n.node_name, n.worker_name into v_node
      from pgq_node.node_info n where n.queue_name = i_queue_name for update;
    if not found then
        ret_code := 404;
        ret_note := 'Node not initialized for queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_node.node_type <> 'root' then
        ret_code := 301;
        ret_note := 'Node not root';
        return;
    elsif i_new_provider = v_node.node_name then
        ret_code := 401;
        ret_note := 'The new provider is this node: ' || i_new_provider;
        return;
    elsif not exists (select 1 from pgq_node.node_location l
                       where l.queue_name = i_queue_name and l.node_name = i_new_provider) then
        ret_code := 404;
        ret_note := 'Unknown node: ' || i_queue_name || '/' || coalesce(i_new_provider, 'null');
        return;
    end if;

    select q.* into strict v_queue from pgq.queue q where q.queue_name = i_queue_name;
    if v_queue.queue_ticker_paused then
        ret_code := 403;
        ret_note := 'Ticker has been paused for this queue: ' || i_queue_name;
        return;
    elsif i_step > 1 and not (v_queue.queue_disable_insert and v_queue.queue_external_ticker) then
        raise exception 'steps in wrong order'
            using errcode = 'TD003', detail = 'Inserts are enabled.', hint = 'Begin with step 1.';
    elsif i_step is null or i_step not between 1 and 3 then
        raise exception 'incorrect step number' using errcode = 'TD001', detail = 'Steps are 1, 2 and 3.';
    end if;

    ret_code := 200;
    if i_step = 2 and v_waited is false then
        raise exception 'steps in wrong order'
            using errcode = 'TD003', detail = 'Step 1 has only now been committed.', hint = 'Repeat step 2.';
    elsif i_step = 1 then
        update pgq.queue q set queue_disable_insert = true, queue_external_ticker = true where q.queue_name = i_queue_name;
        ret_note := 'Step 1: Writing disabled for: ' || i_queue_name;
        return;
    elsif i_step = 2 then
        execute format('lock table %s in exclusive mode', pgq_node._event_table(i_queue_name));
        for v_rows in select r.relation from pgq_node._row_tables(true) r where r.queue_id = v_queue.queue_id loop
            -- Inserts are refused already, so the lock is given back at once: there may be thousands of row tables.
            begin
                execute format('lock table %s in exclusive mode', v_rows);
                raise exception 'the lock is released' using errcode = 'TD003';
            exception when sqlstate 'TD003' then
                null;
            end;
        end loop;
        -- The ticker's own lock: a tick under way gets its number before this one.
        perform pg_advisory_xact_lock(7366513, v_queue.queue_id);
        last_tick := pgq.ticker(i_queue_name, nextval(pgq.quote_fqname(v_queue.queue_tick_seq)::regclass), now(),
                                nextval(pgq.quote_fqname(v_queue.queue_event_seq)::regclass));
        ret_note := 'Step 2: Inserted last tick: ' || i_queue_name;
        return;
    end if;

    select t.tick_id, t.tick_snapshot into last_tick, v_seen
      from pgq.tick t where t.tick_queue = v_queue.queue_id order by t.tick_id desc limit 1;
    execute 'select exists (select from ' || pgq_node._event_table(i_queue_name)
        || ' e where e.ev_txid >= txid_snapshot_xmin($1) and not txid_visible_in_snapshot(e.ev_txid, $1))'
       into v_late using v_seen;
    for v_rows in select r.relation from pgq_node._row_tables(true) r where r.queue_id = v_queue.queue_id and not v_late loop
        execute format('select $2 or exists (select from %s e where e.ev_txid >= txid_snapshot_xmin($1)'
                       ' and not txid_visible_in_snapshot(e.ev_txid, $1))', v_rows) into v_late using v_seen, v_late;
    end loop;
    if v_late then
        raise exception 'steps in wrong order'
            using errcode = 'TD003', detail = format('There are events after the last tick, %s.', last_tick),
            hint = 'Repeat step 2, and let the new root reach its tick, before step 3.';
    end if;
    update pgq_node.node_info n set node_type = 'branch' where n.queue_name = i_queue_name;
    update pgq_node.local_state s
       set provider_node = i_new_provider, last_tick_id = last_tick, uptodate = false
     where s.queue_name = i_queue_name and s.consumer_name = v_node.worker_name;
    ret_note := 'Step 3: Demoted root to branch: ' || i_queue_name;
end;
$$;
