import { queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { completeRemoval, listLeaving } from '../node/member-change.ts';
import type { Outcome } from '../outcome.ts';
import { forceTick } from '../pgq/ticker.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { finishRestores, listPendingRestores, restoreObject } from './constraints.ts';
import { copyNextChunk } from './copy-chunk.ts';
import type { Copy, CopyStep } from './copy-work.ts';
import { countPhases, listCopied, listUnplanned } from './merge-state.ts';
import { planTable } from './plan-chunks.ts';

/** Least time that must be left to begin a chunk or an index. */
const MIN_REMAINING_MS = 5_000;
/** Share of a run's time for planning: planned tables are copied before more are planned. */
const PLANNING = 0.25;

export interface CopyHooks {
  /** Called between two steps; tests kill the run there. */
  at?: (step: CopyStep) => void | Promise<void>;
}

/**
 * Brings new tables into step: plans them, copies their chunks, several at once, and restores indexes and foreign keys once replay
 * has marked a table as consistent. Ends `waiting-for` if replay has to continue first; the next run checks again.
 */
export async function copyTables(context: UnitContext, hooks: CopyHooks = {}): Promise<Outcome> {
  const { copy: limits, onConflict } = queueConfig(context.config, context.queue);
  return context.connect(context.node, async (subscriber) => {
    const started = await subscriber.first<{ now: string }>('select clock_timestamp()::text as now');
    const work: Copy = {
      queue: context.queue,
      chunkBytes: limits.chunkBytes,
      startedAt: started?.now ?? 'now',
      statementTimeoutMs: () => Math.max(1, context.budget.remainingMs()),
      withPair: (use) =>
        context.connect(context.provider, (provider) =>
          context.connect(context.node, (own) => use({ provider, subscriber: own })),
        ),
      setsAside: onConflict !== 'stop',
      at: hooks.at ?? (() => undefined),
      onCopied: () => undefined,
      onSetAside: () => context.count('setAsideTables', 1),
    };
    const unplanned = await listUnplanned(subscriber, context.queue);
    let worked = false;
    if (unplanned.length > 0 || (await countPhases(subscriber, context.queue)).copying)
      worked = await copyNew(context, work, subscriber, { unplanned, ...limits });
    worked = (await context.step('leave', () => leave(context, subscriber))) || worked;
    worked = (await context.step('restore', () => restore(context, work, subscriber))) || worked;
    return outcomeOf(context, subscriber, worked);
  });
}

interface ToCopy {
  unplanned: { table: string }[];
  parallelChunks: number;
}

async function copyNew(
  context: UnitContext,
  work: Copy,
  subscriber: Client,
  { unplanned, parallelChunks }: ToCopy,
): Promise<boolean> {
  const planned = unplanned.length > 0 ? await planTables(context, work, unplanned) : 0;
  context.count('plannedTables', planned);
  work.onCopied = await progressOf(context, subscriber);
  const chunks = await context.step('copy', async () => {
    const workers = Array.from({ length: parallelChunks }, () => copyChunks(context, work));
    const counts = await Promise.allSettled(workers);
    const failed = counts.find((count) => count.status === 'rejected');
    if (failed) throw failed.reason;
    return counts.reduce((sum, count) => sum + (count.status === 'fulfilled' ? count.value : 0), 0);
  });
  // Replay needs a tick after the last chunk's snapshot before it can mark a table as consistent.
  if (chunks > 0) await context.connect(context.provider, (provider) => forceTick(provider, context.queue));
  return planned + chunks > 0;
}

function planTables(context: UnitContext, work: Copy, unplanned: { table: string }[]): Promise<number> {
  return work.withPair(async (pair) => {
    let planned = 0;
    const untilMs = context.budget.remainingMs() * (1 - PLANNING);
    for (const { table } of unplanned) {
      if (!context.budget.allows(Math.max(MIN_REMAINING_MS, planned > 0 ? untilMs : 0))) break;
      try {
        if (await context.step('plan', () => planTable(work, pair, table))) planned++;
      } catch (error) {
        // The table's users have priority: the next run tries again, and the chunks of other tables are copied meanwhile.
        if (!isBusy(error)) throw error;
      }
    }
    return planned;
  });
}

/** Copies chunk after chunk. A chunk that has to be copied again leaves connections unusable; then copying continues with new ones. */
async function copyChunks(context: UnitContext, work: Copy): Promise<number> {
  let chunks = 0;
  for (let again = true; again; )
    again = await work.withPair(async (pair) => {
      while (context.budget.allows(MIN_REMAINING_MS)) {
        const copied = await copyNextChunk(work, pair);
        if (copied === 'again') return true;
        if (!copied) break;
        await work.at('chunk.committed');
        chunks++;
        context.count('chunks', 1);
        context.count('rows', copied.rows);
        context.count('bytes', copied.bytes);
        work.onCopied(copied.table, copied.rows, copied.bytes);
      }
      return false;
    });
  return chunks;
}

/** Removes tables that could not leave in replay. Returns whether one was removed. */
async function leave(context: UnitContext, subscriber: Client): Promise<boolean> {
  let gone = 0;
  for (const { name: table } of await listLeaving(subscriber, context.queue)) {
    if (!context.budget.allows(MIN_REMAINING_MS)) break;
    if (await subscriber.transaction({}, () => completeRemoval(subscriber, context.queue, table))) gone++;
  }
  context.count('leftTables', gone);
  return gone > 0;
}

/** Restores the objects that may be restored now. Returns whether one was restored. */
async function restore(context: UnitContext, work: Copy, subscriber: Client): Promise<boolean> {
  let restored = 0;
  for (let again = true; again && context.budget.allows(MIN_REMAINING_MS); ) {
    again = false;
    for (const pending of await listPendingRestores(subscriber, context.queue)) {
      if (!context.budget.allows(MIN_REMAINING_MS)) break;
      const result = await restoreObject(subscriber, context.queue, pending).catch((error: unknown) => {
        if (!isBusy(error)) throw error;
        return 'busy' as const;
      });
      if (result === 'restored' || result === 'begun') {
        restored++;
        again ||= result === 'begun';
        await work.at('index.restored');
      }
    }
  }
  context.count('restored', restored);
  return (await finishRestores(subscriber, context.queue)).length + restored > 0;
}

function isBusy(error: unknown): boolean {
  return error instanceof PgtideError && error.kind === 'busy';
}

async function outcomeOf(context: UnitContext, subscriber: Client, worked: boolean): Promise<Outcome> {
  const phases = await countPhases(subscriber, context.queue);
  const unplanned = await listUnplanned(subscriber, context.queue);
  if (phases.copying && !context.budget.allows(MIN_REMAINING_MS)) return { kind: 'out-of-budget' };
  if (worked) return { kind: 'applied' };
  if (phases.copying || phases['catching-up'] || phases.restored)
    return { kind: 'waiting-for', what: 'replay to pass the snapshots of the copied chunks' };
  if (phases.restoring) return { kind: 'waiting-for', what: 'indexes that are being built' };
  return unplanned.length > 0
    ? { kind: 'waiting-for', what: 'locks on tables to be copied' }
    : { kind: 'idle' };
}

/** Reports each table's progress to a person, including the progress of earlier runs. */
async function progressOf(context: UnitContext, subscriber: Client): Promise<Copy['onCopied']> {
  const { progress, queue, node } = context;
  if (!progress) return () => undefined;
  const copied = new Map((await listCopied(subscriber, queue)).map((one) => [one.table, one]));
  return (table, rows, bytes) => {
    const sum = copied.get(table);
    if (!sum) return;
    sum.rows += rows;
    sum.bytes += bytes;
    progress({ queue, node, step: 'copy', ...sum });
  };
}
