-- pgtide._consumer_of(i_sub_id)
--
-- Finds the consumer of a subscription.
--
-- Returns: text, its name; of a cooperative consumer the main consumer's, which the names of its members begin with; null
--          when there is no such subscription
-- Writes: nothing
create or replace function pgtide._consumer_of(i_sub_id int)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.co_name from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
    where s.sub_id = i_sub_id order by length(c.co_name) limit 1;
$$;
