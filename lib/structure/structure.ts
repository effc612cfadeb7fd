import type { Client } from '../db/client.ts';
import type { StoredType } from '../value-fit.ts';
import { readSequenceUses, type Sequence } from './sequence-uses.ts';
import { columnsSql, constraintsSql, indexesSql, relationsSql } from './structure-sql.ts';

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

export interface Column {
  readonly name: string;
  /** As SQL writes it, qualified, with its modifier. */
  readonly type: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** The type below all domains. */
  readonly baseType: string;
  /** The properties of the type that decide which values it can hold. */
  readonly stored: StoredType;
  /** `extension:type` if an extension provides the type; else null. */
  readonly extensionType: string | null;
  /** The labels of an enum or of an array of an enum. */
  readonly labels: string[] | null;
  /** The collation; null if it is the type's default. */
  readonly collation: RelationName | null;
  readonly notNull: boolean;
  /** The expression of the default or of the generated column. */
  readonly default: string | null;
  readonly generated: '' | 's' | 'v';
  readonly identity: '' | 'a' | 'd';
  readonly comment: string | null;
}

export interface Index {
  readonly name: string;
  /** The CREATE INDEX statement. It starts with `head`; the table's name follows, perhaps after ONLY. */
  readonly definition: string;
  readonly head: string;
  readonly constraint: string | null;
  readonly type: '' | 'p' | 'u' | 'x';
  readonly constraintDefinition: string | null;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly valid: boolean;
  readonly immediate: boolean;
  /** The index has no expression and no predicate. */
  readonly whole: boolean;
  /** A partition's part of its parent's index. */
  readonly inherited: boolean;
  readonly including: boolean;
  readonly nullsNotDistinct: boolean;
  readonly period: boolean;
  /** The key columns in order; null for an expression. */
  readonly columns: (string | null)[];
  readonly nullable: boolean;
  readonly comment: string | null;
  readonly constraintComment: string | null;
}

export interface Constraint {
  readonly name: string;
  readonly type: 'c' | 'f';
  readonly definition: string;
  readonly validated: boolean;
  readonly enforced: boolean;
  readonly period: boolean;
  readonly setsSomeColumns: boolean;
  readonly inherited: boolean;
  readonly references: (RelationName & { kind: string }) | null;
  readonly comment: string | null;
}

interface Relation extends RelationName {
  readonly oid: number;
  /** pg_class.relkind: `r` table, `p` partitioned, `f` foreign, `v` view, `m` materialized view. */
  readonly kind: 'r' | 'p' | 'f' | 'v' | 'm';
  /** `p` permanent, `u` unlogged, `t` temporary. */
  readonly persistence: 'p' | 'u' | 't';
  readonly rowSecurity: boolean;
  readonly forcedRowSecurity: boolean;
  readonly partitionKey: string | null;
  /** FOR VALUES … or DEFAULT, for a partition. */
  readonly bound: string | null;
  /** The partitioned table, or the tables that it inherits from. */
  readonly parents: RelationName[] | null;
  /** Properties of the table that are never carried over to another server: `triggers`, `grants` … */
  readonly extras: string[];
  readonly comment: string | null;
  /** The owner; null if that is this role or a superuser. */
  readonly foreignOwner: string | null;
}

export interface Table extends Relation {
  readonly columns: Column[];
  readonly indexes: Index[];
  readonly checks: Constraint[];
  readonly foreignKeys: Constraint[];
  readonly sequences: Sequence[];
  /** Columns whose default draws from a sequence that cannot be determined. */
  readonly lostSequences: string[];
  /** The columns of every key that identifies a row, best key first. */
  readonly keys: string[][];
  /** The columns that identify a row; empty if there are none. */
  readonly key: string[];
}

/** Runs `work` in the open transaction or, if there is none, in a new read-only one. SQL that the server writes has qualified names. */
export function reading<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return client.inTransaction
    ? work()
    : client.transaction({ isolation: 'repeatable read', readOnly: true }, work);
}

/** Describes a table (or view, see `kind`) by its name `schema.table`; undefined if there is none. */
export async function describeTable(client: Client, name: string): Promise<Table | undefined> {
  return (await describeTables(client, [name]))[0];
}

/** Describes the tables of these names that exist. With `partitions`, all partitions below follow, parents first. */
export function describeTables(
  client: Client,
  names: readonly string[],
  { partitions = false } = {},
): Promise<Table[]> {
  return reading(client, async () => {
    const relations = await client.query<Relation>(relationsSql, [names, partitions]);
    const oids = [...new Set(relations.map(({ oid }) => oid))];
    const columns = await byTable<Column>(client, columnsSql, oids);
    const indexes = await byTable<Index>(client, indexesSql, oids);
    const constraints = await byTable<Constraint>(client, constraintsSql, oids);
    const sequences = await readSequenceUses(client, oids);
    const unique = oids.flatMap((oid) => relations.find((relation) => relation.oid === oid) ?? []);
    return unique.map((relation) => {
      const keys = (indexes.get(relation.oid) ?? []).filter(isKey).map((index) => index.columns as string[]);
      const all = constraints.get(relation.oid) ?? [];
      return {
        ...relation,
        columns: columns.get(relation.oid) ?? [],
        indexes: indexes.get(relation.oid) ?? [],
        checks: all.filter(({ type }) => type === 'c'),
        foreignKeys: all.filter(({ type }) => type === 'f'),
        sequences: sequences.get(relation.oid)?.known ?? [],
        lostSequences: sequences.get(relation.oid)?.lost ?? [],
        keys,
        key: keys[0] ?? [],
      };
    });
  });
}

function isKey(index: Index): boolean {
  return index.unique && index.valid && (index.primary || index.immediate) && index.whole && !index.nullable;
}

async function byTable<T>(client: Client, sql: string, oids: number[]): Promise<Map<number, T[]>> {
  const groups = new Map<number, T[]>();
  for (const { table, ...rest } of await client.query<T & { table: number }>(sql, [oids])) {
    const group = groups.get(table) ?? [];
    group.push(rest as T);
    groups.set(table, group);
  }
  return groups;
}

/** Returns `schema.table`, unquoted, the form of names in queues. */
export function nameOf({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}
