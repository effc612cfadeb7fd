-- pgq._make_put_event()
--
-- Makes pgq._put_event, which inserts an event into a given table. For each event table of the first hundred queues it has
-- an INSERT of its own, whose plan stays in the session: so an event costs what it does with PgQ's C code, and half of what it
-- does when the statement is put together, parsed and planned each time. A table that it does not know (of a later queue, with
-- a prefix changed by hand, in a session that has not noticed a new queue yet) is left to pgq._put_event_by_name: what the
-- function knows is a matter of speed alone. A hundred, because a session's first event reads the whole function: 1 ms and
-- 2 MB, and 40 ms with a thousand.
--
-- Whoever makes or drops a queue calls it, and before that, before any lock on the queue, pgq._lock_put_event.
--
-- Returns: nothing
-- Writes: function pgq._put_event, unless it is so already
create or replace function pgq._make_put_event() returns void
language plpgsql set search_path = pg_catalog, pg_temp set check_function_bodies = off as $$
declare
    c_most  constant int4 := 100;
    v_body  text;
begin
    select coalesce(pgq._put_event_branch(array_agg(l.q order by (l.q).queue_id)), '') into v_body
      from (select q from pgq.queue q
             where q.queue_data_pfx = 'pgq.event_' || q.queue_id and q.queue_event_seq = q.queue_data_pfx || '_id_seq'
             order by q.queue_id limit c_most) l;
    v_body := format($body$
begin
%s
return pgq._put_event_by_name(i_queue_id, i_table, i_id, i_time, i_txid, i_owner, i_retry, i_type, i_data,
    i_extra1, i_extra2, i_extra3, i_extra4);
end;
$body$, v_body);
    if not exists (select from pg_proc p
                    where p.pronamespace = 'pgq'::regnamespace and p.proname = '_put_event' and p.prosrc = v_body)
    then
        execute format(
            'create or replace function pgq._put_event(i_queue_id int4, i_table text, i_id bigint, i_time timestamptz, '
            'i_txid bigint, i_owner int4, i_retry int4, i_type text, i_data text, i_extra1 text, i_extra2 text, '
            'i_extra3 text, i_extra4 text) returns bigint language plpgsql as %L', v_body);
    end if;
end;
$$;
