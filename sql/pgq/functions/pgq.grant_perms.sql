-- pgq.grant_perms(x_queue_name)
--
-- Gives a queue's tables the rights of pgq.event_template. Who may insert into the template may use the queue's
-- event sequence, and everybody may read both sequences.
--
-- Returns: int4, always 1
-- Writes: access lists of the queue's tables and sequences
-- Errors: TD002 no such queue
create or replace function pgq.grant_perms(x_queue_name text) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_queue record;
    v_grant record;
    v_table text;
begin
    select q.queue_data_pfx, q.queue_ntables, q.queue_event_seq, q.queue_tick_seq into v_queue
      from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Queue not found' using errcode = 'TD002', detail = 'queue: ' || coalesce(x_queue_name, 'null');
    end if;

    v_table := substr(v_queue.queue_data_pfx, strpos(v_queue.queue_data_pfx, '.') + 1);
    perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', v_table);
    for i in 0 .. v_queue.queue_ntables - 1 loop
        perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', v_table || '_' || i::text);
    end loop;

    for v_grant in
        select distinct a.privilege_type,
               case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee
          from pg_class c
         cross join aclexplode(c.relacl) a
          left join pg_roles r on r.oid = a.grantee
         where c.oid = 'pgq.event_template'::regclass and a.privilege_type in ('SELECT', 'INSERT')
           and a.grantee <> c.relowner and (a.grantee = 0 or r.rolname is not null)
    loop
        if v_grant.privilege_type = 'INSERT' then
            execute format('grant usage on sequence %s to %s', pgq.quote_fqname(v_queue.queue_event_seq), v_grant.grantee);
        else
            execute format('grant select on sequence %s, %s to %s', pgq.quote_fqname(v_queue.queue_event_seq),
                pgq.quote_fqname(v_queue.queue_tick_seq), v_grant.grantee);
        end if;
    end loop;
    execute format('grant select on sequence %s, %s to public', pgq.quote_fqname(v_queue.queue_event_seq),
        pgq.quote_fqname(v_queue.queue_tick_seq));
    return 1;
end;
$$;
