-- Events of a queue that wait for a retry, soonest first.
-- $1: the queue; $2: the consumer, null for all consumers; $3: the most events to return.
-- In psql: \bind shop mailer 10
select r.ev_id as id, owner.consumer, r.ev_retry_after as after, r.ev_time as time,
       coalesce(r.ev_retry, 0) as retries, r.ev_type as type, r.ev_data as data
  from pgq.retry_queue r
  join pgq.queue q on q.queue_id = r.ev_queue
  join (select s.sub_id, min(c.co_name) as consumer
          from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
         group by s.sub_id) owner on owner.sub_id = r.ev_owner
 where q.queue_name = $1 and ($2::text is null or owner.consumer = $2)
 order by r.ev_retry_after, r.ev_id
 limit $3;
