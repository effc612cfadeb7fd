-- pgtide.note_refusal(i_queue, i_consumer) returns int
--
-- On the subscriber: counts that a run was refused by its epoch, in a transaction of its own. pgtide.begin_replay sets the count to 0
-- when it takes one. Returns how many in a row that makes; NULL when the consumer is not known.
create or replace function pgtide.note_refusal(i_queue text, i_consumer text)
returns int language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    update pgtide.replay_state r set refusals = r.refusals + 1, refused_at = now()
    where r.queue_name = i_queue and r.consumer_name = i_consumer
    returning r.refusals;
$$;
