-- How far a reader is behind the last tick and behind the last event of its provider; no row if the tick is not there.
-- $1: the queue; $2: the tick that the reader has completed; $3: the most events to count exactly.
-- In psql: \bind shop 1 10000
select t.tick_id < last.tick_id as behind,
       greatest(extract(epoch from now() - case when t.tick_time <= now() then t.tick_time
           -- The clock was set back since. Later ticks give a better time.
           else (select min(n.tick_time) from pgq.tick n where n.tick_queue = q.queue_id and n.tick_id > $2) end),
         0)::float8 as seconds,
       case when ids.used = 0 then 0 when ids.used <= $3 then pgtide.waiting_events($1, $2, $3::int) else ids.used end::bigint as pending
  from pgq.queue q
  join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = $2
  cross join lateral (select greatest(pgq.seq_getval(q.queue_event_seq) - t.tick_event_seq, 0) as used) ids
  cross join lateral (select max(l.tick_id) as tick_id from pgq.tick l where l.tick_queue = q.queue_id) last
 where q.queue_name = $1;
