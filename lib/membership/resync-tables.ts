import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';
import { matchNames } from '../name-pattern.ts';
import { copyLocations, locationOf, registerLocation } from '../node/location.ts';
import { comparePosition, getPosition, movePosition } from '../node/position.ts';
import { refuseSameDatabase } from '../node/same-database.ts';
import { makeTick } from '../pgq/ticker.ts';
import { registerSubscriber, requireNode } from '../topology/local-node.ts';
import { isSubscriber, nodesOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { withNodes } from '../unit-context/with-nodes.ts';
import { resetCopy } from './copy-state.ts';
import { listTables } from './member-tables.ts';

export interface ResyncInput {
  tables: string[];
  all: boolean;
  exclude?: string[] | undefined;
}

export interface ResyncResult {
  nodes: {
    name: string;
    tables: { name: string; state: 'new' }[];
    /** The tick at which a leaf continues whose position was lost; absent if it was not lost. */
    movedTo?: number;
  }[];
}

/** Resets the copy of tables on every leaf that has them. The copy unit then copies them again. */
export async function resyncTables(context: UnitContext, input: ResyncInput): Promise<ResyncResult> {
  const { queue, node: root } = context;
  const leaves = nodesOf(context.config, queue, isSubscriber);
  return withNodes(context, [root, ...leaves], async (open) => {
    const local = new Map<string, string[]>();
    for (const leaf of leaves) {
      await refuseSameDatabase(open.of(root), open.of(leaf));
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
      const client = open.of(leaf);
      const tables = wanted.filter((name) => known.includes(name));
      const movedTo = await client.transaction({}, async () => {
        for (const table of tables) await resetCopy(client, queue, table);
        return input.all && !input.exclude?.length ? repairPosition(open.of(root), client, queue) : null;
      });
      context.wake?.('copy', leaf);
      context.count('tables', tables.length);
      nodes.push({
        name: leaf,
        tables: tables.map((name) => ({ name, state: 'new' })),
        ...(movedTo !== null && { movedTo: Number(movedTo) }),
      });
    }
    return { nodes };
  });
}

/**
 * Moves a leaf's position if it was lost. If all tables of a leaf are copied again, it needs no earlier event, so it may continue at the
 * provider's position: each copy's snapshots show which of the later events its rows contain already.
 */
async function repairPosition(root: Client, leaf: Client, queue: string): Promise<TickId | null> {
  const consumer = (await requireNode(leaf, queue)).workerName;
  const position = await getPosition(leaf, queue, consumer);
  if (!position) throw new PgtideError('state', `${leaf.node}: no position of ${consumer}`);
  const standing = await comparePosition(root, { queue, consumer, tick: position.tick });
  if (standing.verdict === 'on-track' || standing.verdict === 'already-applied') {
    // A position inside a batch is lost, too, if the provider has since cut the batch differently. The leaf skips events again from the
    // start of the batch.
    await movePosition(leaf, { queue, consumer, tick: position.tick });
    return null;
  }
  const tick = standing.providerTick ?? (await subscribeAgain(root, leaf, { queue, worker: consumer }));
  await movePosition(leaf, { queue, consumer, tick });
  return tick;
}

async function subscribeAgain(
  root: Client,
  leaf: Client,
  { queue, worker }: { queue: string; worker: string },
): Promise<TickId> {
  const tick = await makeTick(root, queue);
  await root.transaction({}, async () => {
    await registerLocation(root, queue, { node: leaf.node, location: locationOf(leaf) });
    await registerSubscriber(root, queue, { node: leaf.node, worker, tick });
  });
  await copyLocations(root, leaf, queue);
  return tick;
}
