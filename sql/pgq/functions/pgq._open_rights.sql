-- pgq._open_rights()
--
-- Who has which rights on every queue that is not closed: pgq_reader, pgq_writer, pgq_admin; whoever may select from or insert
-- into pgq.event_template; and whoever was granted by hand to execute insert_event, next_batch or drop_queue.
--
-- Returns: setof (grantee, right_name): the grantee as SQL; produce, read, consume, admin (see pgq._give_right)
-- Writes: nothing
create or replace function pgq._open_rights(out grantee text, out right_name text) returns setof record
language sql stable set search_path = pg_catalog, pg_temp as $$
    select case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end,
           case a.privilege_type when 'SELECT' then 'read' else 'produce' end
      from pg_class c
     cross join aclexplode(c.relacl) a
      left join pg_roles r on r.oid = a.grantee
     where c.oid = 'pgq.event_template'::regclass and a.privilege_type in ('SELECT', 'INSERT')
       and a.grantee <> c.relowner and (a.grantee = 0 or r.rolname is not null)
    union
    select quote_ident(r.rolname), w.right_name
      from pg_roles r
      join (values ('pgq_reader', 'consume'), ('pgq_admin', 'consume'), ('pgq_admin', 'produce'), ('pgq_admin', 'admin'))
           w(rolname, right_name) on w.rolname = r.rolname
    union
    select quote_ident(r.rolname), w.right_name
      from (values ('insert_event', 'produce'), ('next_batch', 'consume'), ('next_batch_info', 'consume'),
                   ('next_batch_custom', 'consume'), ('drop_queue', 'admin')) w(name, right_name)
      join pg_proc p on p.pronamespace = 'pgq'::regnamespace and p.proname = w.name
     cross join aclexplode(p.proacl) a
      join pg_roles r on r.oid = a.grantee
     where a.grantee <> p.proowner and a.privilege_type = 'EXECUTE'
     order by 1, 2;
$$;
