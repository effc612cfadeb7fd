import { z } from 'zod';
import { queueConfig } from '../config/config.ts';
import { listTables } from '../node/table-set.ts';
import { requireNode } from '../node/topology.ts';
import { resetCopy } from '../tables/copy-state.ts';
import { matchNames } from '../tables/name-pattern.ts';
import type { OnDemandUnit } from './context.ts';
import { withNodes } from './with-nodes.ts';

export const resyncInput = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.table, or table in public; * and ? are wild.'),
  all: z.boolean().default(false).describe('Every table of the queue.'),
});
export type ResyncInput = z.output<typeof resyncInput>;

export interface ResyncResult {
  nodes: { name: string; tables: { name: string; state: 'new' }[] }[];
}

/** Lets tables be copied again on every leaf that has them. The copy itself is the copy unit's work. */
export const resync: OnDemandUnit<ResyncInput, ResyncResult> = async (context, input) => {
  const { leaves } = queueConfig(context.config, context.queue);
  const { queue } = context;
  return withNodes(context, leaves, async (open) => {
    const local = new Map<string, string[]>();
    for (const leaf of leaves) {
      await requireNode(open.of(leaf), queue);
      const tables = await listTables(open.of(leaf), queue);
      local.set(
        leaf,
        tables.filter((table) => table.local).map(({ name }) => name),
      );
    }
    const wanted = matchNames([...new Set([...local.values()].flat())].sort(), input);
    const nodes: ResyncResult['nodes'] = [];
    for (const [leaf, known] of local) {
      const tables = wanted.filter((name) => known.includes(name));
      await open.of(leaf).transaction({}, async () => {
        for (const table of tables) await resetCopy(open.of(leaf), queue, table);
      });
      context.count('tables', tables.length);
      nodes.push({ name: leaf, tables: tables.map((name) => ({ name, state: 'new' })) });
    }
    return { outcome: { kind: 'done' }, result: { nodes } };
  });
};
