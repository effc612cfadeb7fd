-- pgtide.dead_letter_purge(i_queue, i_consumer, i_older_than, i_events)
--
-- On the provider: deletes dead letters of a queue.
--
-- Arguments: i_consumer - null: all consumers, also those that are gone;
--            i_older_than - only those that became dead letters so long ago or longer;
--            i_events - event ids; null: all
-- Returns: bigint, the number deleted; 0 when there were none
-- Writes: pgtide.dead_letter
create or replace function pgtide.dead_letter_purge(i_queue text, i_consumer text default null,
    i_older_than interval default '0', i_events bigint[] default null)
returns bigint language sql
set search_path = pg_catalog, pg_temp
as $$
    with gone as (
        delete from pgtide.dead_letter d
        where d.queue_name = i_queue and (i_consumer is null or d.consumer_name = i_consumer)
          and d.died_at <= now() - i_older_than and (i_events is null or d.ev_id = any (i_events))
        returning 1)
    select count(*) from gone;
$$;
