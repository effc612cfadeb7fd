-- pgtide.revoke_queue(i_queue, i_role, i_right)
--
-- On the provider: takes a right on one queue from a role. Rights that it has as a member of another role stay, and so do
-- its consumers.
--
-- Arguments: i_right - as for pgtide.grant_queue
-- Returns: nothing
-- Writes: access lists of the queue's tables, sequences and gates
-- Errors: TD001 unknown right, or the role is pgq_reader, pgq_writer or pgq_admin; TD002 no such queue, no such role; TD003
--         pgq is the real extension
--
-- The right to call functions of schema pgtide (pgtide.grant_consumer_functions) stays: without a right on a queue it is of no use.
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
