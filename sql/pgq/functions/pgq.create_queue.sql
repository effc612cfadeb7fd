-- pgq.create_queue(i_queue_name)
--
-- Creates a queue: its row, sequences, event tables, and the first tick. Calls that race for one name make one queue. It is closed
-- where this database is a node of that name.
--
-- Returns: int4, 1 created; 0 when it was there already
-- Writes: pgq.queue, pgq.tick; makes pgq.event_<id>, pgq.event_<id>_<n>, pgq.event_<id>_id_seq, pgq.event_<id>_tick_seq, the
--         queue's gates (pgq._gate), pgq._put_event
-- Errors: TD001 the name is null; TD003 as pgq.ticker
create or replace function pgq.create_queue(i_queue_name text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_id        int4;
    v_ntables   int4;
    v_parent    text;
    v_child     text;
    v_id_seq    text;
    v_tick_seq  text;
begin
    if i_queue_name is null then
        raise exception 'Invalid NULL value' using errcode = 'TD001', hint = 'Give the queue a name.';
    end if;
    if exists (select 1 from pgq.queue q where q.queue_name = i_queue_name) then
        return 0;
    end if;

    perform pgq._lock_put_event();
    v_id := nextval('pgq.queue_queue_id_seq');
    v_parent := 'event_' || v_id::text;
    v_id_seq := v_parent || '_id_seq';
    v_tick_seq := v_parent || '_tick_seq';
    insert into pgq.queue (queue_id, queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq)
    values (v_id, i_queue_name, 'pgq.' || v_parent, 'pgq.' || v_id_seq, 'pgq.' || v_tick_seq)
    on conflict (queue_name) do nothing
    returning queue_ntables into v_ntables;
    if not found then
        return 0;
    end if;

    execute format('create sequence pgq.%I', v_id_seq);
    execute format('create sequence pgq.%I', v_tick_seq);
    execute format('create table pgq.%I () inherits (pgq.event_template)', v_parent);
    for i in 0 .. v_ntables - 1 loop
        v_child := v_parent || '_' || i::text;
        execute format('create table pgq.%I () inherits (pgq.%I)', v_child, v_parent);
        execute format('alter table pgq.%I alter column ev_id set default nextval(%L)', v_child, 'pgq.' || v_id_seq);
        perform pgq._create_event_index(format('pgq.%I', v_child));
    end loop;

    perform pgq._make_put_event();
    perform pgq.grant_perms(i_queue_name);
    perform pgq.tune_storage(i_queue_name);
    perform pgq.ticker(i_queue_name);
    if to_regclass('pgq_node.node_info') is not null then
        execute 'select pgq._close_queue($1) from pgq_node.node_info n where n.queue_name = $2' using v_id, i_queue_name;
    end if;
    return 1;
end;
$$;
