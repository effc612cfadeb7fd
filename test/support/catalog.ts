import type { Client } from '../../lib/db/client.ts';

/** Every catalog that user objects live in, with oids. */
const catalogs = [
  'pg_namespace',
  'pg_class',
  'pg_proc',
  'pg_type',
  'pg_trigger',
  'pg_constraint',
  'pg_attrdef',
  'pg_rewrite',
  'pg_operator',
  'pg_cast',
  'pg_collation',
  'pg_policy',
  'pg_event_trigger',
  'pg_default_acl',
  'pg_extension',
];

/**
 * The user objects of a database: one line each, `catalog oid` and with `versions` also the transaction that wrote
 * it last. Equal lists: nothing came, nothing went (and nothing was written).
 */
export async function userObjects(client: Client, versions = false): Promise<string[]> {
  const union = catalogs
    .map(
      (catalog) =>
        `select concat_ws(' ', '${catalog}', oid${versions ? ', xmin' : ''}) as line from pg_catalog.${catalog} where oid >= 16384`,
    )
    .join(' union all ');
  const rows = await client.query<{ line: string }>(`${union} order by 1`);
  return rows.map(({ line }) => line);
}
