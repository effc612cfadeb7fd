/** The settings of a table beside its structure, which rows do not need. They are read on the provider and kept by table. */
import type { Client } from '../db/client.ts';
import { extendedStatisticsSql, grantedSequencesSql, schemasSql, settingsSql } from './settings-sql.ts';
import type { RelationName } from './structure.ts';

export interface StorageParameter {
  name: string;
  value: string;
}

export interface IndexParameter extends StorageParameter {
  /** The parameter as an index's definition contains it. */
  written: string;
}

export interface TableSettings {
  owner: string;
  options: StorageParameter[];
  /** pg_class.relreplident: `d` default, `n` nothing, `f` full, `i` index. */
  replicaIdentity: 'd' | 'n' | 'f' | 'i';
  identityIndex: string | null;
  clusterIndex: string | null;
  /** The type that a typed table is of, as SQL writes it. */
  ofType: string | null;
  ofTypeOid: number;
  tablespace: string | null;
  /** The access method; null if it is heap. */
  accessMethod: string | null;
  /** The columns that have at least one of these settings. */
  columns: {
    name: string;
    statistics: number | null;
    storage: string | null;
    compression: string | null;
    options: StorageParameter[];
  }[];
  indexes: {
    name: string;
    options: IndexParameter[];
    statistics: { nr: number; target: number }[];
    tablespace: string | null;
  }[];
  extendedStatistics: (RelationName & {
    definition: string;
    target: number | null;
    comment: string | null;
  })[];
}

export interface SchemaSettings {
  name: string;
  comment: string | null;
  granted: boolean;
}

type Statistics = TableSettings['extendedStatistics'][number] & { table: number };

export async function readSettings(
  provider: Client,
  oids: readonly number[],
): Promise<Map<number, TableSettings>> {
  const server = await provider.first<{ version: number }>(
    `select current_setting('server_version_num')::int / 10000 as version`,
  );
  const statistics = await provider.query<Statistics>(extendedStatisticsSql(server?.version ?? 0), [oids]);
  const found = await provider.query<TableSettings & { table: number }>(settingsSql, [oids]);
  return new Map(
    found.map((one) => [
      one.table,
      {
        ...one,
        extendedStatistics: statistics.filter(({ table }) => table === one.table),
      },
    ]),
  );
}

/** Returns the sequences on which roles other than the owner have rights. */
export async function readGrantedSequences(provider: Client): Promise<Set<string>> {
  const found = await provider.query<{ name: string }>(grantedSequencesSql);
  return new Set(found.map(({ name }) => name));
}

export async function readSchemas(provider: Client): Promise<Map<string, SchemaSettings>> {
  const schemas = await provider.query<SchemaSettings>(schemasSql);
  return new Map(schemas.map((schema) => [schema.name, schema]));
}
