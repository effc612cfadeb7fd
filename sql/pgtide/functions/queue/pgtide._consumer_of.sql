-- pgtide._consumer_of(i_sub_id) returns text
--
-- The consumer with that subscription; of a cooperative one, the main consumer, whose name begins its members'. NULL: none.
create or replace function pgtide._consumer_of(i_sub_id int)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.co_name from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
    where s.sub_id = i_sub_id order by length(c.co_name) limit 1;
$$;
