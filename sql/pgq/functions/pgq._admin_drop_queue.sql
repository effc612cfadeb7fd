-- pgq._admin_drop_queue(i_queue_id, i_force)
--
-- What pgq.drop_queue does behind the gate. The gate itself cannot go while it runs; see pgq._drop_gates.
--
-- Returns: int4, always 1
-- Writes: pgq.queue, pgq.tick, pgq.subscription, pgq.consumer, pgq.retry_queue, pgq.row_table; drops the queue's tables and sequences; makes
--         pgq._put_event
-- Errors: TD002 the queue is gone; TD003 it has consumers
create or replace function pgq._admin_drop_queue(i_queue_id int4, i_force boolean) returns int4
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue     record;
    v_consumer  text;
    v_table     text;
begin
    perform pgq._lock_put_event();
    select q.queue_id, q.queue_name, q.queue_ntables, q.queue_data_pfx, q.queue_event_seq, q.queue_tick_seq into v_queue
      from pgq.queue q where q.queue_id = i_queue_id for update;
    if not found then
        raise exception 'No such event queue' using errcode = 'TD002';
    end if;

    if i_force then
        for v_consumer in
            select c.co_name from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
             where s.sub_queue = v_queue.queue_id order by c.co_name
        loop
            perform pgq._consume_unregister_consumer(i_queue_id, v_consumer);
        end loop;
    elsif exists (select 1 from pgq.subscription s where s.sub_queue = v_queue.queue_id) then
        raise exception 'cannot drop queue, consumers still attached'
            using errcode = 'TD003', hint = 'Unregister them, or call pgq.drop_queue(queue, true).';
    end if;

    for v_table in select r.name from pgq._row_tables(i_queue_id, null, false) r loop
        execute 'drop table ' || v_table;
    end loop;
    delete from pgq.row_table where rt_queue = i_queue_id;
    for i in 0 .. v_queue.queue_ntables - 1 loop
        execute 'drop table ' || pgq.quote_fqname(v_queue.queue_data_pfx || '_' || i::text);
    end loop;
    execute 'drop table ' || pgq.quote_fqname(v_queue.queue_data_pfx);
    delete from pgq.retry_queue where ev_queue = v_queue.queue_id;
    delete from pgq.tick where tick_queue = v_queue.queue_id;
    delete from pgq.queue where queue_id = v_queue.queue_id;
    execute 'drop sequence ' || pgq.quote_fqname(v_queue.queue_tick_seq);
    execute 'drop sequence ' || pgq.quote_fqname(v_queue.queue_event_seq);
    perform pgq._make_put_event();
    return 1;
end;
$$;
