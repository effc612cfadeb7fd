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
    v_queue int;
begin
    if to_regclass('pgq.closed_queue') is null then
        raise exception 'the real extension pgq has no rights by queue' using errcode = 'TD003',
            hint = 'There the rights are those of pgq_reader, pgq_writer and pgq_admin on all queues.';
    end if;
    select q.queue_id into v_queue from pgq.queue q where q.queue_name = i_queue for no key update;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002',
            hint = 'select queue_name from pgq.queue';
    end if;
    if i_right is null or i_right not in ('produce', 'consume', 'admin') then
        raise exception 'unknown right: %', coalesce(i_right, 'null') using errcode = 'TD001',
            hint = 'Rights: produce, consume, admin.';
    elsif i_role is null or not exists (select from pg_roles r where r.rolname = i_role) then
        raise exception 'role "%" does not exist', coalesce(i_role, 'null') using errcode = 'TD002',
            hint = 'Create it first; its name is written in its exact case, without quotes.';
    end if;
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
