-- Everything in our schemas that a user can see, but for the functions' bodies: one line each, the same on PostgreSQL 10 to 18.
-- Rights of the owner, and what PostgreSQL makes by itself (rows' and arrays' types, not null constraints, foreign keys' triggers),
-- are left out; so are the names of foreign keys with several columns, which PostgreSQL 12 makes up in another way.
with ours as (
    select n.oid, n.nspname, n.nspacl, n.nspowner
      from pg_catalog.pg_namespace n
     where n.nspname in ('pgq', 'pgq_coop', 'pgq_ext', 'pgq_node', 'londiste', 'pgtide')
), rel as (
    select c.oid, c.relkind, c.relpersistence, c.reloptions, c.relacl, c.relowner, o.nspname || '.' || c.relname as name
      from pg_catalog.pg_class c join ours o on o.oid = c.relnamespace
), func as (
    select p.oid, p.oid::regprocedure::text as name, p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel,
           p.procost, p.prorows, p.proconfig, p.proacl, p.proowner, l.lanname
      from pg_catalog.pg_proc p join ours o on o.oid = p.pronamespace
      join pg_catalog.pg_language l on l.oid = p.prolang
), acl as (
    select '0 schema ' || nspname as what, nspacl as acl, nspowner as owner from ours
    union all
    select case relkind when 'S' then '1 sequence ' else '2 table ' end || name, relacl, relowner from rel where relkind in ('r', 'p', 'v', 'S')
    union all
    select '2 table ' || r.name || ' column ' || a.attname, a.attacl, r.relowner
      from rel r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0
    union all
    select '3 function ' || name, proacl, proowner from func
), line as (
    select '0 schema ' || nspname as what, 0 as part, '' as text from ours
    union all
    select '1 sequence ' || r.name, 0,
           concat_ws(' ', s.seqtypid::regtype, 'start', s.seqstart, 'increment', s.seqincrement, 'from', s.seqmin, 'to', s.seqmax,
                     'cache', s.seqcache, case when s.seqcycle then 'cycle' end)
      from rel r join pg_catalog.pg_sequence s on s.seqrelid = r.oid
    union all
    select '2 table ' || r.name, 0,
           concat_ws(' ', 'kind', r.relkind, 'persistence', r.relpersistence, 'options ' || r.reloptions::text,
                     'inherits ' || (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
                                       from pg_catalog.pg_inherits i where i.inhrelid = r.oid))
      from rel r where r.relkind in ('r', 'p', 'v')
    union all
    select '2 table ' || r.name, 1000 + (row_number() over (partition by r.oid order by a.attnum))::int,
           concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
                     'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid))
      from rel r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
     where r.relkind in ('r', 'p', 'v')
    union all
    select '2 table ' || r.name, 3000, concat_ws(' ', 'constraint', case when c.contype <> 'f' or cardinality(c.conkey) = 1 then c.conname end,
                     pg_catalog.pg_get_constraintdef(c.oid))
      from rel r join pg_catalog.pg_constraint c on c.conrelid = r.oid and c.contype in ('p', 'u', 'f', 'c', 'x')
    union all
    select '2 table ' || r.name, 4000, pg_catalog.pg_get_indexdef(i.indexrelid)
      from rel r join pg_catalog.pg_index i on i.indrelid = r.oid
    union all
    select '2 table ' || r.name, 5000,
           replace(pg_catalog.pg_get_triggerdef(t.oid), 'EXECUTE PROCEDURE', 'EXECUTE FUNCTION') || ' enabled ' || t.tgenabled::text
      from rel r join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
    union all
    select '3 function ' || name, 0,
           concat_ws(' ', '(' || pg_catalog.pg_get_function_arguments(oid) || ')', 'returns', pg_catalog.pg_get_function_result(oid), 'language', lanname,
                     case provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
                     case when proisstrict then 'strict' end, case when prosecdef then 'security definer' end,
                     case when proleakproof then 'leakproof' end, 'parallel', proparallel, 'cost', procost,
                     'rows ' || nullif(prorows, 0), proconfig::text)
      from func
    union all
    select a.what, 9000,
           concat_ws(' ', 'grant', string_agg(lower(x.privilege_type), ', ' order by x.privilege_type collate "C"),
                     'to', coalesce(r.rolname, 'public'), case when x.is_grantable then 'grantable' end)
      from acl a cross join lateral pg_catalog.aclexplode(coalesce(a.acl,
               case when a.what like '3 %' then pg_catalog.acldefault('f', a.owner) end)) x
      left join pg_catalog.pg_roles r on r.oid = x.grantee
     where x.grantee <> a.owner
     group by a.what, r.rolname, x.is_grantable
    union all
    select '4 role ' || r.rolname, 0,
           concat_ws(' ', case when r.rolcanlogin then 'login' end, case when r.rolsuper then 'superuser' end,
                     'member of ' || (select string_agg(distinct g.rolname, ', ' order by g.rolname)
                                        from pg_catalog.pg_auth_members m join pg_catalog.pg_roles g on g.oid = m.roleid
                                       where m.member = r.oid))
      from pg_catalog.pg_roles r
     where r.rolname in ('pgq_reader', 'pgq_writer', 'pgq_admin', 'londiste_reader', 'londiste_writer')
)
select substr(what, 3) || case when text <> '' then ': ' || text else '' end as line
  from line
 order by what collate "C", part, text collate "C";
