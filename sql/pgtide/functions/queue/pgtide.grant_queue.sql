-- pgtide.grant_queue(i_queue, i_role, i_right)
--
-- On the provider: gives a role, and its members, a right on one queue, open or closed.
--
-- Arguments: i_right - one of
--              produce   writing events
--              consume   reading events, registering consumers, moving the position of any consumer
--              admin     configuring and dropping the queue, storing ticks that were made elsewhere, pgq.event_retry_raw
-- Returns: nothing
-- Writes: the queue's gates; access lists of its tables, sequences and gates, and with consume those of schema pgtide
--         (pgtide.grant_consumer_functions)
-- Errors: TD001 unknown right, or the role is pgq_reader, pgq_writer or pgq_admin; TD002 no such queue, no such role; TD003
--         pgq is the real extension
--
-- If nodes follow the queue, produce is as much as the right to write all of its tables on every subscriber: an event may
-- name any of them.
--
-- The grants are PostgreSQL's own, on the queue's event tables and gates. They outlive installation, upgrade and rotation,
-- and are dropped with the queue.
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
        perform pgtide.grant_consumer_functions(i_role);
    end if;
    perform pgq._give_right(v_queue, quote_ident(i_role), i_right);
end;
$$;
