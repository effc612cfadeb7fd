import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';

/** A partition that holds rows. */
export interface Partition {
  oid: number;
  schema: string;
  name: string;
  /** The bounds of the partition and of the partitions above it. */
  bounds: string;
}

export interface PartitionedTable {
  /** `schema.name`, unquoted. */
  name: string;
  /** The partition key, as PARTITION BY takes it. */
  key: string;
  partitions: Partition[];
}

const partitionTreeSql = sqlText('structure/partition-tree.sql');

/** Returns those of these tables that exist and are partitioned. */
export function describePartitioned(client: Client, names: readonly string[]): Promise<PartitionedTable[]> {
  return client.query<PartitionedTable>(partitionTreeSql, [names]);
}
