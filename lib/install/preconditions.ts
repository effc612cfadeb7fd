import type { Client } from '../db/client.ts';
import { quoteIdent } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import { belongsToAnother } from './installed-schema.ts';

/** Allows one installer at a time; the lock is released at the end of the transaction. */
export async function lockInstallation(client: Client): Promise<void> {
  await client.query(`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pgtide'), 1)`);
}

export async function requireCreate(client: Client): Promise<void> {
  const row = await client.first<{ database: string; role: string; allowed: boolean }>(
    `select current_database()::text as database, current_user::text as role,
            has_database_privilege(current_database(), 'CREATE') as allowed`,
  );
  if (!row || row.allowed) return;
  throw new PgtideError(
    'privilege',
    `${client.node}: role ${row.role} may not create schemas in database ${row.database}`,
    {
      remedy: `as the database's owner, run: grant create on database ${quoteIdent(row.database)} to ${quoteIdent(row.role)}`,
    },
  );
}

/** Refuses a role that does not own the schema. */
export async function requireOwner(client: Client, schema: string): Promise<void> {
  const row = await client.first<{ owner: string; role: string; allowed: boolean }>(
    `select pg_get_userbyid(nspowner)::text as owner, current_user::text as role,
            pg_has_role(nspowner, 'USAGE') and (nspowner = to_regrole(quote_ident(current_user))
              or current_setting('server_version_num')::int < 160000 or pg_has_role(nspowner, 'SET')) as allowed
       from pg_catalog.pg_namespace where nspname = $1`,
    [schema],
  );
  if (row && !row.allowed) throw belongsToAnother(client.node, schema, row);
}

/** Refuses a schema of that name that was created neither by pgtide nor by an extension: it belongs to another program. */
export async function requireUnused(client: Client, schema: string): Promise<void> {
  const row = await client.first<{ objects: bigint }>(
    `select (select count(*) from pg_catalog.pg_class c where c.relnamespace = n.oid)
          + (select count(*) from pg_catalog.pg_proc p where p.pronamespace = n.oid) as objects
       from pg_catalog.pg_namespace n where n.nspname = $1`,
    [schema],
  );
  if (!row) return;
  if (row.objects === 0n) await requireOwner(client, schema);
  throw new PgtideError(
    'state',
    `${client.node}: there is a schema ${schema} already, which pgtide did not make`,
    {
      remedy:
        row.objects === 0n
          ? `it is empty; run: drop schema ${quoteIdent(schema)}`
          : `rename or drop it, or, if it is Skytools' own, make it an extension (create extension ${quoteIdent(schema)} from unpackaged)`,
    },
  );
}

/**
 * Requires the rights on the real extensions that a role needs to build on them. Only pgq has rights for this purpose that can be granted.
 */
export async function requireExtensions(client: Client, extensions: readonly string[]): Promise<void> {
  for (const schema of extensions)
    if (schema === 'pgq') await requireQueueRights(client);
    else await requireOwner(client, schema);
}

async function requireQueueRights(client: Client): Promise<void> {
  const row = await client.first<{ owner: string; role: string; allowed: boolean }>(
    `select pg_get_userbyid(n.nspowner)::text as owner, current_user::text as role,
            pg_has_role(n.nspowner, 'USAGE')
              or pg_has_role('pgq_admin', 'USAGE') and has_table_privilege('pgq.queue', 'REFERENCES')
                and has_table_privilege('pgq.consumer', 'REFERENCES')
                and has_sequence_privilege('pgq.batch_id_seq', 'USAGE') as allowed
       from pg_catalog.pg_namespace n where n.nspname = 'pgq'`,
  );
  if (!row || row.allowed) return;
  const role = quoteIdent(row.role);
  throw new PgtideError(
    'privilege',
    `${client.node}: the extension pgq belongs to ${row.owner}, and ${row.role} may not build on its tables`,
    {
      remedy:
        `as ${row.owner}, run: grant pgq_admin to ${role}; grant references on pgq.queue, pgq.consumer to ${role}; ` +
        `grant usage on sequence pgq.batch_id_seq to ${role}`,
    },
  );
}
