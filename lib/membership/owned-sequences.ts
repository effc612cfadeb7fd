import type { Client } from '../db/client.ts';
import { quoteIdent, quoteQualified } from '../db/identifier.ts';
import type { Obstacle } from '../obstacle.ts';
import { readSequenceUses } from '../structure/sequence-uses.ts';
import { nameOf } from '../structure/structure.ts';
import { grantMembership, nonMemberOf } from './foreign-owners.ts';

/** A sequence that supplies the values of a table's column. */
export interface TableSequence {
  /** `schema.table` */
  table: string;
  /** `schema.sequence` */
  name: string;
}

/**
 * Returns the sequences that columns of these tables own (serial, identity), or from which their defaults draw. The tables' OIDs are read
 * first: with names, the planner's estimate is one table even for a thousand.
 */
export async function listTableSequences(
  client: Client,
  tables: readonly string[],
): Promise<TableSequence[]> {
  const wanted = await client.query<{ oid: number; name: string }>(
    `select c.oid, n.nspname || '.' || c.relname as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = any ($1::text[]) and c.relkind in ('r', 'p')
      order by 2`,
    [tables],
  );
  const uses = await readSequenceUses(
    client,
    wanted.map(({ oid }) => oid),
  );
  return wanted.flatMap(({ oid, name: table }) => {
    const names = (uses.get(oid)?.known ?? []).map(nameOf);
    return names.sort().map((name) => ({ table, name }));
  });
}

/**
 * Returns an obstacle for each sequence of `names` that this role may not read or set, depending on `privilege`. Skips sequences that do
 * not exist.
 */
export async function sequenceObstacles(
  client: Client,
  names: readonly string[],
  privilege: 'SELECT' | 'UPDATE',
): Promise<Obstacle[]> {
  const rows = await client.query<{ schema: string; name: string; role: string; owner: string | null }>(
    `select n.nspname::text as schema, c.relname::text as name, current_user::text as role, ${nonMemberOf('c.relowner')} as owner
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where case when c.relkind = 'S' and n.nspname || '.' || c.relname = any ($1::text[])
                 then not has_sequence_privilege(c.oid, $2) else false end
      order by 1, 2`,
    [names, privilege],
  );
  return rows.map(({ schema, name, role, owner }) => ({
    kind: 'privilege',
    text: `${client.node}: role ${role} lacks ${privilege} on the sequence ${schema}.${name}`,
    remedy: owner
      ? grantMembership(owner, role)
      : `grant ${privilege.toLowerCase()} on sequence ${quoteQualified(schema, name)} to ${quoteIdent(role)}`,
  }));
}

/** Returns those of `names` that are sequences of this database. */
export async function existingSequences(client: Client, names: readonly string[]): Promise<Set<string>> {
  const rows = await client.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and n.nspname || '.' || c.relname = any ($1::text[])`,
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}
