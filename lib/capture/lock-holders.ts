import type { Client } from '../db/client.ts';

/**
 * Describes, for an error message, the sessions whose locks prevent a change of the triggers of these tables or of their partitions.
 * Readers do not prevent the creation of a trigger, but they prevent its removal (`readersToo`).
 */
export async function describeLockHolders(
  client: Client,
  tables: readonly string[],
  { readersToo }: { readersToo: boolean },
): Promise<string> {
  const holders = await client.query<{ text: string }>(
    `select format('process %s (%s%s) on %s since %s s', a.pid, coalesce(a.usename, 'system'),
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
      order by a.xact_start limit 5`,
    [tables, readersToo],
  );
  return holders.map(({ text }) => text).join('; ') || 'no session any more';
}
