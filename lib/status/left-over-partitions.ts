/**
 * Partitions that the root has dropped or detached. Their rows disappeared from the root without an event, and are still on the
 * leaf. Such a partition can be recognized only if both sides are partitioned alike: the root has no partition with its name or its
 * bounds, and it contains rows. A partition that was created on the leaf first contains no rows yet.
 */
import type { Client } from '../db/client.ts';
import { quoteQualified } from '../db/identifier.ts';
import { hasRows, isReadable } from '../membership/inspection.ts';
import { describePartitioned, type Partition, type PartitionedTable } from '../structure/partition-tree.ts';
import type { Problem } from './found-problem.ts';
import { lookInto } from './look-into.ts';

export async function partitionProblems(
  root: Client,
  leaf: Client,
  { queue, names }: { queue: string; names: readonly string[] },
): Promise<Problem[]> {
  const here = await describePartitioned(leaf, names);
  if (here.length === 0) return [];
  const rootTables = await describePartitioned(
    root,
    here.map(({ name }) => name),
  );
  const there = new Map(rootTables.map((table) => [table.name, table]));
  const problems: Problem[] = [];
  for (const table of here)
    for (const partition of leftOver(table, there.get(table.name)))
      if (await holdsRows(leaf, partition))
        problems.push(partitionLeftOver({ queue, leaf: leaf.node, root: root.node }, table.name, partition));
  return problems;
}

const isSame = (one: Partition, other: Partition) =>
  (one.schema === other.schema && one.name === other.name) || one.bounds === other.bounds;

function leftOver(here: PartitionedTable, there: PartitionedTable | undefined): Partition[] {
  if (here.key !== there?.key) return [];
  const isThere = (partition: Partition) => there.partitions.some((other) => isSame(partition, other));
  // If no partition is the same, the leaf is partitioned differently on purpose.
  if (there.partitions.length > 0 && !here.partitions.some(isThere)) return [];
  return here.partitions.filter((partition) => !isThere(partition));
}

/** Returns whether a partition has rows; false if it is locked, or cannot be read without running code of other users. */
async function holdsRows(client: Client, { oid, schema, name }: Partition): Promise<boolean> {
  if (!(await isReadable(client, { schema, table: name }))) return false;
  return (await lookInto(client, BigInt(oid), (reader) => hasRows(client, reader))) === true;
}

function partitionLeftOver(
  { queue, leaf, root }: { queue: string; leaf: string; root: string },
  table: string,
  { schema, name }: Partition,
): Problem {
  return {
    code: 'partition-left-over',
    message: `${leaf}: ${table} still has the rows of its partition ${schema}.${name}, which ${root} has dropped or detached`,
    remedy: `drop or detach it on ${leaf} too (drop table ${quoteQualified(schema, name)}), or pgtide resync ${queue} ${table}`,
  };
}
