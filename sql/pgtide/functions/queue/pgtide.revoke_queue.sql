-- pgtide.revoke_queue(i_queue, i_role, i_right) returns void
--
-- Takes a right on one queue from a role. What it has as a member of another role stays, and so do its consumers.
--   i_right   as for pgtide.grant_queue
-- Writes access lists.
create or replace function pgtide.revoke_queue(i_queue text, i_role text, i_right text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue int := pgtide._lock_queue(i_queue);
begin
    perform pgtide._check_right(i_role, i_right);
    if i_role in ('pgq_reader', 'pgq_writer', 'pgq_admin') then
        raise exception '"%" has its rights on open queues alone', i_role using errcode = 'TD001',
            hint = 'Close the queue with pgtide.close_queue.';
    end if;
    if i_right = 'consume' then
        perform pgq._take_rights(v_queue, quote_ident(i_role), 'read');
    end if;
    perform pgq._take_rights(v_queue, quote_ident(i_role), i_right);
end;
$$;
