-- pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name, i_min_lag, i_min_count, i_min_interval
--                            [, i_dead_interval])
--
-- Opens a batch for a member of a cooperative consumer, or returns the one it has. Members that do not exist yet are
-- subscribed. A batch moves the main consumer's position at once: its events belong to the member alone, and while it is
-- open its ticks are in the member's row, so that rotation keeps them.
--
-- Arguments: i_min_lag, i_min_count, i_min_interval - as pgq.next_batch_custom; i_dead_interval - a member that was not
--            seen for so long is unsubscribed, and its batch is taken over; null: none is
-- Returns: bigint, the batch's id; null when there is no batch yet
-- Writes: pgq.subscription, pgq.consumer
-- Errors: TD002 no such queue; TD003 the main consumer has a batch of its own open; as pgq.next_batch_custom
create or replace function pgq_coop.next_batch_custom(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text,
    i_min_lag interval, i_min_count int4, i_min_interval interval, i_dead_interval interval
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_queue_id  int4 := (select q.queue_id from pgq.queue q where q.queue_name = i_queue_name);
    v_result    bigint;
begin
    if v_queue_id is null then
        raise exception 'Event queue not created yet'
            using errcode = 'TD002', detail = 'queue: ' || coalesce(i_queue_name, 'null');
    elsif to_regprocedure('pgq._gate(int4, text)') is null then
        return pgq_coop._consume_next_batch_custom(v_queue_id, i_consumer_name, i_subconsumer_name,
            i_min_lag, i_min_count, i_min_interval, i_dead_interval);
    end if;
    execute format('select r.n from %s(''pgq_coop.next_batch_custom'', $1) as r(n bigint)', pgq._gate(v_queue_id, 'consume'))
       into v_result using array[i_consumer_name, i_subconsumer_name, i_min_lag::text, i_min_count::text, i_min_interval::text,
                                 i_dead_interval::text];
    return v_result;
end;
$$;

create or replace function pgq_coop.next_batch_custom(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text,
    i_min_lag interval, i_min_count int4, i_min_interval interval
) returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
    select pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name,
        i_min_lag, i_min_count, i_min_interval, null);
$$;
