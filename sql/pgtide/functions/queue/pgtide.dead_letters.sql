-- pgtide.dead_letters(i_queue, i_consumer, i_limit)
--
-- On the provider: lists dead letters, the latest first.
--
-- Arguments: i_queue - null: of all queues; i_consumer - null: of all consumers; i_limit - null: all of them
-- Returns: setof pgtide.dead_letter; no rows when there are none
-- Writes: nothing
create or replace function pgtide.dead_letters(i_queue text default null, i_consumer text default null, i_limit int default null)
returns setof pgtide.dead_letter language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select * from pgtide.dead_letter d
    where (i_queue is null or d.queue_name = i_queue) and (i_consumer is null or d.consumer_name = i_consumer)
    order by d.died_at desc, d.ev_id desc limit i_limit;
$$;
