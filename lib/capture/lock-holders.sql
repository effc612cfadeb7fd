-- Sessions that hold locks on tables or on their partitions, in words.
-- $1: names (`schema.table`); $2: true to include the locks of readers.
-- In psql: \bind '{public.orders}' true
select format('process %s (%s%s) on %s since %s s', a.pid, coalesce(a.usename, 'system'),
              coalesce(nullif(', ' || a.application_name, ', '), ''), n.nspname || '.' || c.relname,
              coalesce(round(extract(epoch from clock_timestamp() - a.xact_start))::text, '?')) as text
  from pg_catalog.pg_locks l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'relation' and l.granted and l.pid <> pg_catalog.pg_backend_pid()
   and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   and ($2 or l.mode not in ('AccessShareLock', 'RowShareLock'))
   and c.oid in (select pgtide.table_tree(londiste.find_table_oid(t)) from unnest($1::text[]) t)
 order by a.xact_start limit 5;
