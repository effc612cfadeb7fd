-- pgtide.dead_letters(i_queue, i_consumer, i_limit) returns setof pgtide.dead_letter
--
-- Dead letters, the latest first. NULLs: of all queues, of all consumers, all of them.
create or replace function pgtide.dead_letters(i_queue text default null, i_consumer text default null, i_limit int default null)
returns setof pgtide.dead_letter language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select * from pgtide.dead_letter d
    where (i_queue is null or d.queue_name = i_queue) and (i_consumer is null or d.consumer_name = i_consumer)
    order by d.died_at desc, d.ev_id desc limit i_limit;
$$;
