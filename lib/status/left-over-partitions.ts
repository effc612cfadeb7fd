/**
 * Partitions that the root has dropped or detached. Their rows went without an event, and are still on the leaf. They can be
 * recognized only if both sides are partitioned alike: a partition of the leaf that the root has neither by its name nor by its bounds, and
 * that has rows. One that was made on the leaf first has none yet.
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
  // Where nothing is alike, the leaf is cut in another way on purpose.
  if (there.partitions.length > 0 && !here.partitions.some(isThere)) return [];
  return here.partitions.filter((partition) => !isThere(partition));
}

/** Nothing is known of a partition that is locked, or that cannot be read without running code of others. */
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
