-- pgq._check_event(i_queue_id, i_queue_name)
--
-- What pgq._insert_event looks at only where a queue or a transaction is not as they mostly are. Runs with its caller's rights, and
-- everybody may call it.
--
-- Arguments: i_queue_id - null: there is none of that name
-- Returns: nothing
-- Writes: nothing; a refused event, too, takes an id from the queue's sequence, as in PgQ, if the caller may take one
-- Errors: 40001 as pgq._refuse_old_queue; TD001 the queue's name is null; TD002 no such queue;
--         TD003 inserts are disabled (not for replica sessions);
--         TD003 more events than queue_per_tx_limit in this transaction
create or replace function pgq._check_event(i_queue_id int4, i_queue_name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
    v_seq   text;
begin
    if i_queue_name is null then
        raise exception 'Queue name must not be NULL' using errcode = 'TD001';
    end if;
    select q.queue_disable_insert, q.queue_per_tx_limit, q.queue_event_seq into v_queue from pgq.queue q where q.queue_id = i_queue_id;
    if not found then
        raise exception 'No such queue: %', i_queue_name
            using errcode = 'TD002', hint = 'Create it with pgq.create_queue.';
    end if;
    v_seq := pgq.quote_fqname(v_queue.queue_event_seq);
    if v_queue.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        perform nextval(v_seq::regclass) where has_sequence_privilege(v_seq, 'usage');
        raise exception 'Insert into queue disallowed'
            using errcode = 'TD003', detail = 'queue: ' || i_queue_name,
            hint = 'Events are made on the queue''s root node.';
    end if;
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform pgq._refuse_old_queue(i_queue_id);
    end if;
    if v_queue.queue_per_tx_limit is not null then
        perform pgq._count_event(i_queue_id, i_queue_name, v_queue.queue_per_tx_limit, v_seq);
    end if;
end;
$$;
