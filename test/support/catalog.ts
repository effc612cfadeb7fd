import { readFileSync } from 'node:fs';
import type { Client } from '../../lib/db/client.ts';

/** Every catalog with oids that holds user objects. */
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
 * The user objects of a database: one line each, `catalog oid` and with `versions` also the transaction that wrote it last.
 * If two lists are equal, no object was created or dropped (and none was written).
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

const catalogSql = readFileSync(new URL('catalog.sql', import.meta.url), 'utf8');

/** Everything in our schemas that a user can see, one line each; the same for equal databases on every PostgreSQL. */
export async function describeCatalog(client: Client): Promise<string[]> {
  const rows = await client.query<{ line: string }>(`set search_path = ''; ${catalogSql}`);
  return rows.map(({ line }) => line);
}

/** Every function's signature and a digest of its body. */
export async function functionBodies(client: Client): Promise<string[]> {
  const rows = await client.query<{ line: string }>(
    `select p.oid::regprocedure || ' ' || md5(p.prosrc) as line
       from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('pgq', 'pgq_coop', 'pgq_ext', 'pgq_node', 'londiste', 'pgtide') order by 1`,
  );
  return rows.map(({ line }) => line);
}
