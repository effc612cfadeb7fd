-- pgtide.queue_grants(i_queue)
--
-- On the provider: lists which roles have which rights on a queue, by PostgreSQL's access lists. The queue's owner is left
-- out. Members of these roles have the same rights.
--
-- Returns: role_name ('public' for PUBLIC), right_name (produce, consume, admin); no rows when only the owner has rights
-- Writes: nothing
-- Errors: TD002 no such queue; TD003 pgq is the real extension
create or replace function pgtide.queue_grants(i_queue text, out role_name text, out right_name text)
returns setof record language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_queue pgq.queue;
begin
    if to_regclass('pgq.closed_queue') is null then
        raise exception 'the real extension pgq has no rights by queue' using errcode = 'TD003';
    end if;
    select * into v_queue from pgq.queue q where q.queue_name = i_queue;
    if not found then
        raise exception 'No such queue: %', coalesce(i_queue, 'null') using errcode = 'TD002';
    end if;
    return query
        select distinct coalesce(r.rolname::text, 'public'), g.right_name
        from (select a.grantee, 'produce' as right_name
              from generate_series(0, v_queue.queue_ntables - 1) n
              join pg_class c on c.oid = to_regclass(pgq.quote_fqname(v_queue.queue_data_pfx || '_' || n))
              cross join aclexplode(c.relacl) a
              where a.privilege_type = 'INSERT' and a.grantee <> c.relowner
              union all
              select a.grantee, substr(p.proname, length(format('event_%s_', v_queue.queue_id)) + 1)
              from pg_proc p cross join aclexplode(p.proacl) a
              where p.oid in (to_regprocedure(format('pgq.event_%s_consume(text, text[])', v_queue.queue_id)),
                              to_regprocedure(format('pgq.event_%s_admin(text, text[])', v_queue.queue_id)))
                and a.grantee <> p.proowner) g
        left join pg_roles r on r.oid = g.grantee
        order by 1, 2;
end;
$$;
