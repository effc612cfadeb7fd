import type { Client } from '../db/client.ts';
import { quoteIdent, quoteQualified } from '../db/identifier.ts';
import { sqlText } from '../db/sql-text.ts';
import { type Reader, readTable } from '../node/table-reader.ts';
import type { Obstacle } from '../obstacle.ts';
import { grantMembership } from './foreign-owners.ts';

/** Facts about a table beside its structure. */
export interface Inspection {
  /** `schema.table`, unquoted. */
  name: string;
  schema: string;
  table: string;
  role: string;
  unlogged: boolean;
  /** Parents and children by INHERITS. Partitions do not count. */
  relatives: string[];
  /** Partitions that are foreign tables. */
  foreignPartitions: string[];
  /** True when a policy may hide rows from this role. */
  rowSecurity: boolean;
  schemaUsage: boolean;
  /** The table's owner, if it may use the schema and this role is not a member of it; see inspection.sql. */
  schemaThrough: string | null;
  /** The privileges that this role lacks on the table or on a partition of it, and the owner of which it is not a member. */
  missing: { schema: string; table: string; privileges: string[]; owner: string | null }[];
}

/** The privileges that this role needs on the provider's table, to read it and to create the capture. */
export const providerPrivileges = ['SELECT', 'TRIGGER'];
/** The privileges that this role needs on the subscriber's table, to change it and to guard it. */
export const subscriberPrivileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'];

const inspectionSql = sqlText('membership/inspection.sql');

/** Inspects the tables of these names that exist; skips the rest. */
export function inspectTables(
  client: Client,
  names: readonly string[],
  privileges: readonly string[],
): Promise<Inspection[]> {
  return client.query<Inspection>(inspectionSql, [names, privileges]);
}

/** Returns those of these tables that have no columns that identify a row. */
export async function listKeyless(client: Client, names: readonly string[]): Promise<Set<string>> {
  const rows = await client.query<{ name: string }>(
    `select w.name from unnest($1::text[]) w (name) where pgtide.table_key(londiste.find_table_oid(w.name)) = '{}'`,
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Returns the obstacles of a table on one side, whatever the other side has. */
export function obstaclesOf(node: string, found: Inspection): Obstacle[] {
  const { name, schema, table, role } = found;
  const obstacles: Obstacle[] = [];
  const target = quoteQualified(schema, table);
  if (!found.schemaUsage)
    obstacles.push({
      kind: 'privilege',
      text: `${node}: role ${role} may not use the schema ${schema}`,
      remedy: found.schemaThrough
        ? grantMembership(found.schemaThrough, role)
        : `grant usage on schema ${quoteIdent(schema)} to ${quoteIdent(role)}`,
    });
  for (const lack of found.missing)
    obstacles.push({
      kind: 'privilege',
      text: `${node}: role ${role} lacks ${lack.privileges.join(', ')} on ${lack.schema}.${lack.table}`,
      remedy: lack.owner
        ? grantMembership(lack.owner, role)
        : `grant ${lack.privileges.join(', ').toLowerCase()} on ${quoteQualified(lack.schema, lack.table)} to ${quoteIdent(role)}`,
    });
  if (found.rowSecurity)
    obstacles.push({
      kind: 'privilege',
      text: `${node}: row security hides rows of ${name} from role ${role}`,
      remedy: `alter role ${quoteIdent(role)} bypassrls, connect as the table's owner, or alter table ${target} no force row level security`,
    });
  if (found.unlogged)
    obstacles.push({
      kind: 'schema',
      text: `${node}: ${name} is unlogged; a crash would empty it without an error`,
      remedy: `alter table ${target} set logged`,
    });
  if (found.relatives.length > 0)
    obstacles.push({
      kind: 'schema',
      text: `${node}: ${name} is related by INHERITS to ${found.relatives.join(', ')}, which cannot be replicated`,
      remedy: 'use declarative partitioning',
    });
  if (found.foreignPartitions.length > 0)
    obstacles.push({
      kind: 'schema',
      text: `${node}: ${name} has partitions that are foreign tables: ${found.foreignPartitions.join(', ')}`,
      remedy: 'detach them, or replicate the other partitions one by one',
    });
  return obstacles;
}

/**
 * Returns the reason why a table cannot be replicated whatever is granted or set; undefined if it can. With INHERITS, a statement on a
 * parent changes rows of its children, but fires only the parent's statement triggers. Their transition tables hold those rows in the
 * parent's form, without their table. TRUNCATE and reads of the parent include the children's rows, too.
 */
export function skipReason({ unlogged, relatives, foreignPartitions }: Inspection): string | undefined {
  if (unlogged) return 'unlogged: its rows do not outlive a crash';
  if (relatives.length > 0)
    return `related by INHERITS to ${some(relatives)}: a statement on a parent changes rows of its children, whose triggers do not fire`;
  if (foreignPartitions.length > 0)
    return `has partitions that are foreign tables: ${some(foreignPartitions)}`;
  return undefined;
}

const MAX_NAMED = 3;

function some(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(', ');
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}

/** Returns whether this role may read all rows of the table. Code that only reports about tables skips the tables that it may not read. */
export async function isReadable(client: Client, of: { schema: string; table: string }): Promise<boolean> {
  const row = await client.first<{ readable: boolean }>(
    `select has_schema_privilege(n.oid, 'USAGE') and pgtide.is_readable(c.oid) as readable
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2`,
    [of.schema, of.table],
  );
  return row?.readable === true;
}

/** Returns whether the table has a row, as its reader sees it. Call it in a read-only transaction. */
export async function hasRows(client: Client, reader: Reader): Promise<boolean> {
  const [row] = await readTable<{ found: boolean }>(client, reader, {
    columns: 'found bool',
    sql: () => `select exists (select 1 from ${reader.name}) as found`,
  });
  return row?.found === true;
}
