-- pgtide.next_epoch(i_queue, i_consumer, i_skew_ms [, i_now])
--
-- On the subscriber: the epoch with which a run that holds the lease may go on after its own epoch was refused. It is above every
-- epoch that counts here, and bounded by this server's clock.
--
-- Arguments: i_skew_ms - see pgtide.epoch_bound
-- Returns: bigint, the clock in milliseconds, or the highest epoch + 1 if that is more
-- Writes: nothing: pgtide.begin_replay takes the epoch, or refuses it if a run with a higher one came in between
create or replace function pgtide.next_epoch(i_queue text, i_consumer text, i_skew_ms bigint,
    i_now timestamptz default clock_timestamp())
returns bigint language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select greatest((extract(epoch from i_now) * 1000)::bigint,
                    (select r.epoch + 1 from pgtide.replay_state r
                     where r.queue_name = i_queue and r.consumer_name = i_consumer
                       and r.epoch < pgtide.epoch_bound(i_skew_ms, i_now)));
$$;
