import { queueConfig } from '../config/config.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError, policyOf } from '../errors.ts';
import { nextBatchOf } from '../node/next-batch.ts';
import type { Outcome } from '../outcome.ts';
import { fencedError, isOfFastClock, settleEpoch } from '../replay/epoch.ts';
import { UnreadableKey } from '../replay/extract.ts';
import { noteStop, StopAtEvent } from '../replay/handle-events.ts';
import type { Replay, ReplayStep, SliceResult } from '../replay/replay.ts';
import { replaySlice } from '../replay/replay-batch.ts';
import type { Unit, UnitContext } from './context.ts';

/** A slice is not begun with less than this left. */
const LEAST_MS = 3_000;

/**
 * Brings a node up to its provider: applies batch after batch until there is none, or the budget is spent. Where there is no
 * batch at all, it opens no connection to the subscriber.
 */
export const replay: Unit = (context) => replayWith({})(context);

/** Replay with a hand in the gaps between its steps, for tests. */
export const replayWith =
  (hooks: Hooks): Unit =>
  (context) =>
    replayConnected(context, hooks, false).catch((error: unknown) => {
      // What failed may have closed its connection.
      if (error instanceof UnreadableKey) return replayConnected(context, hooks, true);
      throw error;
    });

interface Hooks {
  at?: (step: ReplayStep) => void | Promise<void>;
}

function replayConnected(context: UnitContext, hooks: Hooks, careful: boolean): Promise<Outcome> {
  const { root, replay: limits, onConflict, onUnknownEvent } = queueConfig(context.config, context.queue);
  return context.connect(root, async (provider) => {
    const { consumer, batch } = await context.step('next-batch', () =>
      nextBatchOf(provider, context.queue, context.node, limits.maxEvents),
    );
    if (!batch) {
      context.gauge('lagSeconds', 0);
      return { kind: 'idle' };
    }
    return context.connect(context.node, (subscriber) => {
      const work: Replay = {
        queue: context.queue,
        consumer,
        provider,
        subscriber,
        epoch: context.epoch,
        skewMs: context.config.lease.skewSeconds * 1000,
        maxEvents: limits.maxEvents,
        maxBytes: limits.maxBytes,
        onConflict,
        onUnknownEvent,
        careful,
        statementTimeoutMs: context.budget.remainingMs(),
        at: hooks.at ?? (() => undefined),
      };
      return untilIdle(context, work).catch((error: unknown) => rememberError(work, error));
    });
  });
}

async function untilIdle(context: UnitContext, work: Replay): Promise<Outcome> {
  let outcome: Outcome = { kind: 'idle' };
  while (context.budget.allows(LEAST_MS)) {
    const result = await nextSlice(context, work);
    if (result.kind === 'idle') return outcome;
    if (result.kind === 'paused') return { kind: 'waiting-for', what: `node ${context.node} is paused` };
    report(context, result);
    if (result.kind === 'applied' && work.onConflict === 'resync' && result.tables.some(({ error }) => error))
      context.wake?.('copy', context.node);
    outcome = outcome.kind === 'idle' ? { kind: result.kind } : { kind: 'applied' };
  }
  return { kind: 'out-of-budget' };
}

/**
 * Applies the next slice. One that would outlive half of the time that is left is given up, and tried again with a part of its
 * events: tried whole in each run, it might never be done.
 */
async function nextSlice(context: UnitContext, work: Replay): Promise<SliceResult> {
  for (;;) {
    work.statementTimeoutMs = context.budget.remainingMs() / 2;
    work.stagedEvents = undefined;
    try {
      return await context.step('replay', () => replaySlice(work));
    } catch (error) {
      if (await settleEpoch(work, error, context)) {
        context.count('restamped', 1);
        continue;
      }
      const events = Math.min(work.stagedEvents ?? work.maxEvents, work.maxEvents);
      if (!hasState(error, QUERY_CANCELED) || events < 2 || !context.budget.allows(LEAST_MS)) throw error;
      work.maxEvents = Math.ceil(events / 10);
      context.count('timeouts', 1);
    }
  }
}

const QUERY_CANCELED = '57014';

function report(context: UnitContext, result: SliceResult): void {
  if (result.kind !== 'applied') return;
  if (result.complete) {
    context.count('batches', 1);
    context.gauge('lagSeconds', result.behindSeconds);
  } else context.count('slices', 1);
  context.count('events', result.events);
  context.count('bytes', result.bytes);
  context.count('skipped', result.skipped);
  context.count('parked', result.parked);
  context.count('setAsideEvents', result.setAside);
  for (const table of result.tables) {
    context.count('rows', Number(table.inserted + table.updated + table.deleted));
    context.count('missing', Number(table.missing));
    context.count('conflicts', Number(table.conflicts));
    if (table.exact) context.count('exactTables', 1);
    if (table.error) context.count('setAsideTables', 1);
  }
}

/** What an operator has to mend stands in the node's state too, where status and Londiste's tools look. */
async function rememberError(work: Replay, thrown: unknown): Promise<never> {
  const isFenced = thrown instanceof PgtideError && thrown.kind === 'fenced';
  const error = isFenced ? await fencedError(work, thrown) : thrown;
  if (isOfFastClock(error)) throw error;
  if (error instanceof PgtideError && (policyOf[error.kind] === 'operator' || error.kind === 'internal'))
    await work.subscriber
      .query('select pgq_node.set_consumer_error($1, $2, $3)', [work.queue, work.consumer, error.message])
      .catch(() => undefined);
  if (error instanceof StopAtEvent) await noteStop(work, error).catch(() => undefined);
  throw error;
}
