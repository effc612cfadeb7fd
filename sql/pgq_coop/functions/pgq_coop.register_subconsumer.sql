-- pgq_coop.register_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name)
--
-- Subscribes a member of a cooperative consumer, and the consumer itself where it is not. The member is the consumer named
-- consumer.subconsumer; it has the main one's sub_id, and no ticks while it has no batch.
--
-- Returns: int4, 1 new; 0 when the member was subscribed already
-- Writes: pgq.consumer, pgq.subscription
-- Errors: TD001 a consumer of that name reads the queue by itself; as pgq.register_consumer_at
create or replace function pgq_coop.register_subconsumer(
    i_queue_name text, i_consumer_name text, i_subconsumer_name text
) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_name  text := i_consumer_name || '.' || i_subconsumer_name;
    v_main  record;
    v_new   int4;
begin
    perform pgq.register_consumer(i_queue_name, i_consumer_name);
    select s.sub_queue, s.sub_id into v_main
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = i_queue_name and c.co_name = i_consumer_name
       for update of s;
    v_new := pgq.register_consumer(i_queue_name, v_name);
    update pgq.subscription s
       set sub_id = v_main.sub_id, sub_last_tick = null, sub_next_tick = null
      from pgq.consumer c
     where v_new = 1 and s.sub_queue = v_main.sub_queue and s.sub_consumer = c.co_id and c.co_name = v_name;
    if v_new = 0 and not exists (select from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
                                  where s.sub_queue = v_main.sub_queue and c.co_name = v_name and s.sub_id = v_main.sub_id)
    then
        raise exception 'subconsumer not found'
            using errcode = 'TD001', detail = format('%s reads %s by itself', v_name, i_queue_name),
            hint = 'Choose another name for the subconsumer.';
    end if;
    return v_new;
end;
$$;
