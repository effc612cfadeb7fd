import { refreshCapture } from '../capture/capture.ts';
import { queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { checkRootSequences } from '../membership/member-sequences.ts';
import { getLocalWatermark, maintainWatermark, publishWatermark } from '../node/watermark.ts';
import { isNotFound, isYetToBeMade } from '../node/yet-to-be-made.ts';
import type { Outcome } from '../outcome.ts';
import {
  listMaintenance,
  type MaintenanceOperation,
  type MaintenanceScope,
  returnRetryEvents,
  runMaintenance,
} from '../pgq/maintenance.ts';
import { tuneQueue } from '../pgq/queue.ts';
import { requireNode } from '../topology/local-node.ts';
import { queuesOfRoot, subscribersOf } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { UpkeepRun } from './upkeep-run.ts';

/**
 * Share of the remaining time that all leaves together may use. If leaves do not answer, the rest of the time is still available for the
 * root's own upkeep.
 */
const OF_LEAVES = 0.5;
/** Minimum time for a leaf. With less, a leaf that does answer could seem unreachable. */
const MIN_LEAF_MS = 1_000;
/** An operation that returns "again" more often than this waits for the next run. */
const MAX_REPEATS = 100;

/**
 * Maintains a queue on its root: parameters, watermarks of the leaves, rotation, retries, sequences, captures of changed tables. The pieces
 * run independently: if one fails, the next ones still run, and the failure is reported at the end.
 */
export function maintainRoot(context: UnitContext): Promise<Outcome> {
  return context.connect(context.node, async (root) => {
    await requireNode(root, context.queue);
    const run = new UpkeepRun(context);
    const config = queueConfig(context.config, context.queue);
    await run.piece('tune', async () => (await tuneQueue(root, context.queue, config)).length);
    await run.piece('capture', async () => (await refreshCapture(root, context.queue, config)).length);
    const subscribers = subscribersOf(context.config, context.queue, context.node);
    await relayWatermarks(context, run, { root, leaves: fromAnyOn(subscribers) });
    await run.piece('watermark', () => maintainWatermark(root, context.queue));
    await run.piece('sequences', async () => {
      await checkRootSequences(root, context.queue);
      return 0;
    });
    await runOperations(run, root, {
      queue: context.queue,
      maintained: queuesOfRoot(context.config, context.node),
    });
    await run.piece('retries', () => returnAllRetries(run, root));
    return run.end();
  });
}

/** When the leaves have used up their time, the remaining leaves wait for the next run. */
async function relayWatermarks(
  context: UnitContext,
  run: UpkeepRun,
  { root, leaves }: { root: Client; leaves: string[] },
): Promise<void> {
  const endMs = context.budget.remainingMs() * (1 - OF_LEAVES);
  for (const [nr, leaf] of leaves.entries()) {
    const leftMs = context.budget.remainingMs() - endMs;
    const withinMs = Math.max(MIN_LEAF_MS, leftMs / (leaves.length - nr));
    if (leftMs > 0)
      await run.piece(`watermark of ${leaf}`, () => relayWatermark(context, root, { leaf, withinMs }));
    else run.skip();
  }
}

/** Starts at a random leaf, so that no leaf is always last. */
function fromAnyOn(leaves: string[]): string[] {
  const first = Math.floor(Math.random() * leaves.length);
  return [...leaves.slice(first), ...leaves.slice(0, first)];
}

/** Relays a leaf's watermark. The root keeps events until every leaf has stated that it no longer needs them. */
async function relayWatermark(
  { connect, queue }: UnitContext,
  root: Client,
  { leaf, withinMs }: { leaf: string; withinMs: number },
): Promise<number> {
  const read = (client: Client) =>
    getLocalWatermark(client, queue).catch(async (error: unknown) => {
      if (isNotFound(error) && (await isYetToBeMade(client, root, queue))) return null;
      throw error;
    });
  const watermark = await connect(leaf, read, { withinMs });
  if (watermark === null) return 0;
  return (await publishWatermark(root, queue, { node: leaf, watermark })) ? 1 : 0;
}

/**
 * Runs the operations in the order of the list: it has the second step of rotation after the first one, and each step needs a separate
 * transaction.
 */
async function runOperations(run: UpkeepRun, root: Client, scope: MaintenanceScope): Promise<void> {
  let operations: MaintenanceOperation[] = [];
  await run.piece('list operations', async () => {
    operations = await listMaintenance(root, scope);
    return 0;
  });
  for (const operation of operations)
    await run.piece(`${operation.name}(${operation.argument ?? ''})`, () => repeat(run, root, operation));
}

/** Calls an operation as long as it returns "again", which means that it has changed something. */
async function repeat(run: UpkeepRun, root: Client, operation: MaintenanceOperation): Promise<number> {
  let changes = 0;
  while (changes < MAX_REPEATS && run.hasTime() && (await runMaintenance(root, operation))) changes++;
  return changes;
}

async function returnAllRetries(run: UpkeepRun, root: Client): Promise<number> {
  let total = 0;
  while (run.hasTime()) {
    const returned = await returnRetryEvents(root);
    if (returned === 0) break;
    total += returned;
  }
  return total;
}
