-- pgtide.fair_epoch(i_queue, i_consumer, i_skew_ms [, i_now]) returns bigint
--
-- On the subscriber: the epoch that a run which has the lease may go on with after its own was refused. It is above every one
-- that counts here, and bounded by this server's clock: the clock in milliseconds, or the highest epoch + 1 if that is more.
-- Writes nothing: pgtide.begin_replay takes it, or refuses it if a run with a higher one came in between.
create or replace function pgtide.fair_epoch(i_queue text, i_consumer text, i_skew_ms bigint,
    i_now timestamptz default clock_timestamp())
returns bigint language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select greatest((extract(epoch from i_now) * 1000)::bigint,
                    (select r.epoch + 1 from pgtide.replay_state r
                     where r.queue_name = i_queue and r.consumer_name = i_consumer
                       and r.epoch < pgtide.epoch_bound(i_skew_ms, i_now)));
$$;
