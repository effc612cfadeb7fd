-- pgtide.grant_queue(i_queue, i_role, i_right) returns void
--
-- Gives a role, and its members, a right on one queue, open or closed.
--   produce   writing events. Where nodes follow the queue that is as much as the right to write all of its tables on every
--             subscriber: an event may name any of them.
--   consume   reading events, registering consumers, moving any consumer's position
--   admin     configuring and dropping the queue, ticks that were made elsewhere, pgq.event_retry_raw
-- The grants are PostgreSQL's own, on the queue's event tables and gates. They outlive installation, upgrade and rotation, and
-- go with the queue. Writes access lists.
create or replace function pgtide.grant_queue(i_queue text, i_role text, i_right text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue int := pgtide._lock_queue(i_queue);
begin
    perform pgtide._check_right(i_role, i_right);
    if i_role in ('pgq_reader', 'pgq_writer', 'pgq_admin') then
        raise exception '"%" has its rights on open queues alone', i_role using errcode = 'TD001',
            hint = 'Open the queue with pgtide.open_queue, or grant the right to another role.';
    end if;
    perform pgq._make_gates(v_queue);
    if i_right = 'consume' then
        perform pgq._give_right(v_queue, quote_ident(i_role), 'read');
        perform pgtide.let_consume(i_role);
    end if;
    perform pgq._give_right(v_queue, quote_ident(i_role), i_right);
end;
$$;
