-- pgq_coop._consume_register_subconsumer(i_queue_id, i_consumer_name, i_subconsumer_name)
--
-- What pgq_coop.register_subconsumer does behind the gate (pgq._gate); on the real extension pgq, which has no
-- gates, for its readers by itself.
--
-- Returns: int4, 1 new; 0 when the member was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD001 a consumer of that name reads the queue by itself; as pgq.register_consumer_at
create or replace function pgq_coop._consume_register_subconsumer(
    i_queue_id int4, i_consumer_name text, i_subconsumer_name text
) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue text := (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id);
    v_name  text := i_consumer_name || '.' || i_subconsumer_name;
    v_main  record;
    v_new   int4;
begin
    perform pgq.register_consumer(v_queue, i_consumer_name);
    select s.sub_queue, s.sub_id into v_main
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = v_queue and c.co_name = i_consumer_name
       for update of s;
    v_new := pgq.register_consumer(v_queue, v_name);
    update pgq.subscription s
       set sub_id = v_main.sub_id, sub_last_tick = null, sub_next_tick = null
      from pgq.consumer c
     where v_new = 1 and s.sub_queue = v_main.sub_queue and s.sub_consumer = c.co_id and c.co_name = v_name;
    if v_new = 0 and not exists (select from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
                                  where s.sub_queue = v_main.sub_queue and c.co_name = v_name and s.sub_id = v_main.sub_id)
    then
        raise exception 'subconsumer not found'
            using errcode = 'TD001', detail = format('%s reads %s by itself', v_name, v_queue),
            hint = 'Choose another name for the subconsumer.';
    end if;
    return v_new;
end;
$$;
