import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import { PgtideError } from '../errors.ts';
import { candidates, matching, refuseUnclear, type Wanted, withoutExcluded } from '../name-pattern.ts';
import { ownSchemas } from '../structure/own-schemas.ts';

/** A relation of a database from which rows can be selected. */
export interface Relation {
  oid: number;
  /** `schema.name`, unquoted. */
  name: string;
  kind: 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table' | 'sequence';
  /** The partitioned table that this one is a partition of. */
  partitionOf: string | null;
  /** True if the relation belongs to an extension. */
  ofExtension: boolean;
}

/** Returns all relations outside the system's and pgtide's schemas, by name, except temporary tables. */
export function listRelations(client: Client): Promise<Relation[]> {
  return client.query<Relation>(sqlText('membership/relations.sql'), [ownSchemas]);
}

function isReplicable(relation: Relation): boolean {
  return relation.kind === 'table' || relation.kind === 'partitioned table';
}

/** Returns the tables of `node` that the input selects. Partitions come with the partitioned table above them. */
export function matchTables(node: string, relations: readonly Relation[], wanted: Wanted): Relation[] {
  refuseUnclear(wanted);
  const tables = relations.filter((relation) => isReplicable(relation) && relation.partitionOf === null);
  const meant = wanted.all
    ? tables.filter((table) => !table.ofExtension)
    : namedTables(node, { relations, tables }, wanted.tables);
  if (meant.length === 0) throw new PgtideError('not-found', `${node} has no tables to replicate`);
  const left = new Set(withoutExcluded([...new Set(meant.map(({ name }) => name))], wanted.exclude));
  const found = meant.filter(({ name }) => left.has(name));
  refuseAmbiguous(node, tables, found);
  return found;
}

function namedTables(
  node: string,
  { relations, tables }: { relations: readonly Relation[]; tables: readonly Relation[] },
  given: readonly string[],
): Relation[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const found = new Set<Relation>();
  for (const one of given) {
    const names = matching([...byName.keys()], one);
    if (names.length === 0) throw notATable(node, relations, one);
    for (const name of names) {
      const table = byName.get(name);
      if (table) found.add(table);
    }
  }
  return [...found];
}

/**
 * Refuses names that stand for two tables. Schemas' and tables' names may contain dots, so two tables may have the same `schema.table`,
 * which then identifies neither.
 */
function refuseAmbiguous(node: string, tables: readonly Relation[], found: readonly Relation[]): void {
  const twice = found.find((one) => tables.some((other) => other.oid !== one.oid && other.name === one.name));
  if (twice)
    throw new PgtideError('input', `${node}: two tables are called ${twice.name}`, {
      remedy: 'rename one of them, or its schema: dots in names make them the same',
    });
}

function notATable(node: string, relations: readonly Relation[], given: string): PgtideError {
  const full = candidates(given)[0] ?? given;
  const other = relations.find((relation) => candidates(given).includes(relation.name));
  if (other?.partitionOf)
    return new PgtideError('input', `${node}: ${other.name} is a partition of ${other.partitionOf}`, {
      remedy: `add ${other.partitionOf}; its partitions come with it`,
    });
  if (other)
    return new PgtideError('input', `${node}: ${other.name} is a ${other.kind}; only tables are replicated`);
  const sameName = relations.filter(({ name, kind }) => kind.endsWith('table') && name.endsWith(`.${given}`));
  return new PgtideError('not-found', `${node}: no table ${full}`, {
    remedy: sameName[0]
      ? `did you mean ${sameName.map(({ name }) => name).join(' or ')}?`
      : 'check the name; names are schema.table, without quotes, in their exact case',
  });
}
