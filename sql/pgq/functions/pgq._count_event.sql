-- pgq._count_event(i_queue_id, i_queue_name, i_limit, i_event_seq)
--
-- Counts one more event of this transaction. The count is a setting that ends with the transaction, and that a rollback
-- to a savepoint sets back; it guards against accidents, not against somebody who resets it.
--
-- Arguments: i_event_seq - quoted
-- Returns: nothing
-- Writes: nothing; an event beyond the limit takes an id from the queue's sequence, as in PgQ, if the caller may take one
-- Errors: TD003 more than i_limit events in this transaction
create or replace function pgq._count_event(i_queue_id int4, i_queue_name text, i_limit int4, i_event_seq text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_setting   text := 'pgq.events_in_tx_' || i_queue_id;
    v_count     bigint := coalesce(nullif(current_setting(v_setting, true), ''), '0')::bigint + 1;
begin
    if v_count > i_limit then
        perform nextval(i_event_seq::regclass) where has_sequence_privilege(i_event_seq, 'usage');
        raise exception 'Queue ''%'' allows max % events from one TX', i_queue_name, i_limit
            using errcode = 'TD003', hint = 'Split the transaction, or raise pgq.queue.queue_per_tx_limit.';
    end if;
    perform set_config(v_setting, v_count::text, true);
end;
$$;
