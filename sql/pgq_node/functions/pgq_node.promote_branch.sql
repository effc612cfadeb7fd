-- pgq_node.promote_branch(i_queue_name)
--
-- Makes a branch the root of its queue: events and ticks are made here, with ids that go on after those that it has copied.
--
-- Returns: ret_code, ret_note: 200; 301 not a branch; 404 no node of that queue
-- Writes: pgq.queue and the queue's sequences, pgq_node.node_info, pgq_node.local_state
-- Errors: as pgq_node._event_table
--
-- Each tick moves the sequences to what its maker says, but a branch's worker that has just started does not know the last event's
-- id, and says 0. So events of such ticks are looked at themselves.
create or replace function pgq_node.promote_branch(
    in i_queue_name text,
    out ret_code int4,
    out ret_note text
) returns record
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_node      record;
    v_queue     record;
    v_tick      record;
    v_unsure    bigint;
    v_event     bigint;
begin
    select n.node_type, n.node_name, n.worker_name into v_node
      from pgq_node.node_info n where n.queue_name = i_queue_name for update;
    if not found then
        ret_code := 404;
        ret_note := 'Node not initialized for queue: ' || coalesce(i_queue_name, 'null');
        return;
    elsif v_node.node_type <> 'branch' then
        ret_code := 301;
        ret_note := 'Node not branch';
        return;
    end if;
    update pgq.queue q set queue_disable_insert = false, queue_external_ticker = false
     where q.queue_name = i_queue_name
    returning q.* into strict v_queue;

    select max(t.tick_id) as id, max(t.tick_event_seq) as event_seq into v_tick
      from pgq.tick t where t.tick_queue = v_queue.queue_id;
    select min(txid_snapshot_xmin(b.before)) into v_unsure
      from (select t.tick_event_seq, lag(t.tick_snapshot) over w as before,
                   max(t.tick_event_seq) over (w rows between unbounded preceding and 1 preceding) as reached
              from pgq.tick t where t.tick_queue = v_queue.queue_id window w as (order by t.tick_id)) b
     where b.tick_event_seq < b.reached;
    if v_unsure is not null then
        execute format('select max(e.ev_id) from %s e where e.ev_txid >= $1', pgq_node._event_table(i_queue_name))
           into v_event using v_unsure;
    end if;
    perform pgq.seq_setval(v_queue.queue_tick_seq, v_tick.id);
    perform pgq.seq_setval(v_queue.queue_event_seq, greatest(v_tick.event_seq, v_event));

    update pgq_node.node_info n set node_type = 'root' where n.queue_name = i_queue_name;
    update pgq_node.local_state s
       set provider_node = v_node.node_name, last_tick_id = v_tick.id, uptodate = false
     where s.queue_name = i_queue_name and s.consumer_name = v_node.worker_name;
    ret_code := 200;
    ret_note := 'Branch node promoted to root';
end;
$$;
