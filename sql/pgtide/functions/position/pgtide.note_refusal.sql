-- pgtide.note_refusal(i_queue, i_consumer)
--
-- On the subscriber, in a separate transaction: counts that a run was refused because of its epoch. pgtide.begin_replay sets the
-- count to 0 when it accepts one.
--
-- Returns: int, the number of refusals in a row; null if the consumer is not known
-- Writes: pgtide.replay_state (refusals, refused_at)
create or replace function pgtide.note_refusal(i_queue text, i_consumer text)
returns int language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    update pgtide.replay_state r set refusals = r.refusals + 1, refused_at = now()
    where r.queue_name = i_queue and r.consumer_name = i_consumer
    returning r.refusals;
$$;
