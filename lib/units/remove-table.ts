import { z } from 'zod';
import { queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { listSequences, removeLocalSequence } from '../node/sequence-set.ts';
import { listTables, type MemberTable, removeLocalTable } from '../node/table-set.ts';
import { requireNode } from '../node/topology.ts';
import { abandonCopy } from '../tables/copy-state.ts';
import { lockingTransaction } from '../tables/locking.ts';
import { matchNames } from '../tables/name-pattern.ts';
import { listTableSequences } from '../tables/owned-sequences.ts';
import type { OnDemandUnit, UnitContext } from './context.ts';
import { excludeInput } from './exclude-input.ts';
import { withNodes } from './with-nodes.ts';

export const removeTableInput = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.table, or table in public; * and ? are wild.'),
  all: z.boolean().default(false).describe('Every table of the queue.'),
  exclude: excludeInput,
});
export type RemoveTableInput = z.output<typeof removeTableInput>;

export interface RemoveTableResult {
  tables: { name: string; state: 'removed' }[];
  sequences: string[];
}

/**
 * Takes tables out of a queue, on the root and on all leaves. Rows stay on both sides; what a copy had taken away on a
 * leaf (indexes, constraints) is put back. The root goes first: from then on nothing new is captured.
 */
export const removeTable: OnDemandUnit<RemoveTableInput, RemoveTableResult> = async (context, input) => {
  const { root, leaves } = queueConfig(context.config, context.queue);
  const { queue } = context;
  return withNodes(context, [root, ...leaves], async (open) => {
    const members = new Map<string, MemberTable[]>();
    for (const node of [root, ...leaves]) {
      await requireNode(open.of(node), queue);
      members.set(node, await listTables(open.of(node), queue));
    }
    const local = [...members.values()].flat().filter((table) => table.local);
    const known = [...new Set(local.map(({ name }) => name))].sort();
    const tables = matchNames(known, input);
    const sequences = await sequencesToRemove(open.of(root), queue, { tables, known });
    for (const node of [root, ...leaves]) {
      const there = (members.get(node) ?? []).filter(({ name, local }) => local && tables.includes(name));
      await context.step(`remove on ${node}`, () =>
        removeFrom(open.of(node), context, { tables: there, sequences, isRoot: node === root }),
      );
      if (node !== root) context.wake?.('copy', node);
    }
    context.count('tables', tables.length);
    const removed = tables.map((name) => ({ name, state: 'removed' as const }));
    return { outcome: { kind: 'done' }, result: { tables: removed, sequences } };
  });
};

/** Those that only the removed tables use. */
async function sequencesToRemove(
  root: Client,
  queue: string,
  of: { tables: string[]; known: string[] },
): Promise<string[]> {
  const remaining = of.known.filter((name) => !of.tables.includes(name));
  const [going, staying, published] = [
    await listTableSequences(root, of.tables),
    await listTableSequences(root, remaining),
    await listSequences(root, queue),
  ];
  const used = new Set(staying.map(({ name }) => name));
  const names = new Set(going.map(({ name }) => name).filter((name) => !used.has(name)));
  return published.map(({ name }) => name).filter((name) => names.has(name));
}

interface Removal {
  tables: MemberTable[];
  sequences: string[];
  isRoot: boolean;
}

/**
 * One side, in one transaction. A leaf keeps knowing the names until the event of the root's removal comes through: as
 * long as it knows them, add-table must not add them again, or that event would take them out again.
 */
function removeFrom(client: Client, { budget, queue }: UnitContext, removal: Removal): Promise<void> {
  const tables = removal.tables.map(({ name }) => name);
  return lockingTransaction(client, { tables, budget }, async () => {
    for (const { name } of removal.tables) {
      if (!removal.isRoot) await abandonCopy(client, queue, name);
      await removeLocalTable(client, queue, name);
    }
    for (const { name, local } of await listSequences(client, queue))
      if (local && removal.sequences.includes(name)) await removeLocalSequence(client, queue, name);
  });
}
