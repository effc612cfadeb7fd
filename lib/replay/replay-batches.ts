import { queueConfig } from '../config/config.ts';
import { isBeyondLimit, isTooMuchAtOnce } from '../db/sqlstate.ts';
import { PgtideError, policyOf } from '../errors.ts';
import { nextBatchOf } from '../node/next-batch.ts';
import type { Outcome } from '../outcome.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { ALONE, GIVE_UP, limitAfter, noteAttempt, readAttempt, type SliceLimit } from './attempt.ts';
import { fencedError, isOfFastClock, settleEpoch } from './epoch.ts';
import { UnreadableKey } from './extract.ts';
import { noteStop, StopAtEvent } from './handle-events.ts';
import { replaySlice } from './replay-batch.ts';
import type { Replay, ReplayStep, SliceResult } from './replay-work.ts';

/** A slice is not begun with less than this left. */
const MIN_REMAINING_MS = 3_000;

export interface ReplayHooks {
  /** Called between two steps; tests kill the run there. */
  at?: (step: ReplayStep) => void | Promise<void>;
}

/**
 * Brings a node up to its provider: applies batch after batch until there is none, or the budget is spent. Where there is no
 * batch at all, it opens no connection to the subscriber.
 */
export async function replayBatches(context: UnitContext, hooks: ReplayHooks = {}): Promise<Outcome> {
  const wholeMs = Math.max(context.wholeMs ?? 0, context.budget.remainingMs());
  let attempt: Attempt = { wholeMs, epoch: context.epoch };
  for (;;) {
    try {
      return await replayConnected(context, hooks, attempt);
    } catch (error) {
      // What failed may have closed its connection: the next attempt opens others.
      // Without a limit: it was about an earlier slice if one has been applied since. readAttempt knows.
      if (error instanceof UnreadableKey)
        attempt = { wholeMs: attempt.wholeMs, epoch: attempt.epoch, careful: true };
      else if (error instanceof TooMuch && mayTryAgain(context, attempt, error.next))
        attempt = { ...attempt, limit: error.next };
      else throw error instanceof TooMuch ? error.cause : error;
    }
  }
}

interface Attempt {
  /** What a whole run has. */
  wholeMs: number;
  /** The lease's, as the run has stamped it last. */
  epoch: bigint | null;
  careful?: boolean;
  limit?: SliceLimit;
}

/** A slice took too long. */
class TooMuch extends Error {
  readonly next: SliceLimit;

  constructor(next: SliceLimit, cause: unknown) {
    super('a slice took too long', { cause });
    this.next = next;
  }
}

/** An event that is alone gets a run that has just begun. */
const WHOLE = 0.8;

function mayTryAgain({ budget }: UnitContext, { wholeMs }: Attempt, next: SliceLimit): boolean {
  return budget.allows(
    next.events === ALONE ? Math.max(MIN_REMAINING_MS, WHOLE * wholeMs) : MIN_REMAINING_MS,
  );
}

function replayConnected(context: UnitContext, hooks: ReplayHooks, attempt: Attempt): Promise<Outcome> {
  const { replay: limits, onConflict, onUnknownEvent } = queueConfig(context.config, context.queue);
  return context.connect(context.provider, async (provider) => {
    const { consumer, batch } = await context.step('next-batch', () =>
      nextBatchOf(provider, context.queue, context.node, limits.maxEvents),
    );
    if (!batch) {
      context.gauge('lagSeconds', 0);
      return { kind: 'idle' };
    }
    return context.connect(context.node, (subscriber) => {
      const work: Work = {
        queue: context.queue,
        consumer,
        provider,
        subscriber,
        epoch: attempt.epoch,
        skewMs: context.config.lease.skewSeconds * 1000,
        maxEvents: limits.maxEvents,
        maxBytes: limits.maxBytes,
        onConflict,
        onUnknownEvent,
        careful: attempt.careful ?? false,
        statementTimeoutMs: context.budget.remainingMs(),
        at: async (step) => {
          work.lastStep = step;
          if (step === 'position.checked') work.wholeRun = context.budget.allows(WHOLE * attempt.wholeMs);
          await hooks.at?.(step);
        },
      };
      return untilIdle(context, work, attempt)
        .catch((error: unknown) => rememberError(work, error))
        .finally(() => {
          attempt.epoch = work.epoch;
        });
    });
  });
}

interface Work extends Replay {
  lastStep?: ReplayStep;
  /** The slice under way has reached its events, with a whole run for them. */
  wholeRun?: boolean;
}

async function untilIdle(context: UnitContext, work: Work, attempt: Attempt): Promise<Outcome> {
  let outcome: Outcome = { kind: 'idle' };
  let limit: SliceLimit | null = attempt.limit ?? (await readAttempt(work));
  const { maxEvents } = work;
  while (context.budget.allows(MIN_REMAINING_MS)) {
    const result = await nextSlice(context, work, limit);
    if (limit !== null && limit.events <= ALONE) {
      limit = null;
      work.maxEvents = maxEvents;
    }
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
 * Applies the next slice, within `limit`. One that would outlive half of the time that is left is given up, and tried again
 * with a part of its events (lib/replay/attempt.ts): tried whole in each run, it might never be done.
 */
async function nextSlice(context: UnitContext, work: Work, limit: SliceLimit | null): Promise<SliceResult> {
  const remainingMs = context.budget.remainingMs();
  const alone = limit?.events === ALONE;
  work.giveUp = limit?.events === GIVE_UP;
  work.maxEvents = Math.max(1, Math.min(work.maxEvents, limit?.events ?? work.maxEvents));
  work.statementTimeoutMs = alone
    ? Math.max(remainingMs / 2, remainingMs - MIN_REMAINING_MS)
    : remainingMs / 2;
  work.lockTimeoutMs = alone ? work.statementTimeoutMs * LOCKS : undefined;
  work.stagedEvents = undefined;
  work.wholeRun = false;
  try {
    return await context.step('replay', () => replaySlice(work));
  } catch (error) {
    if (await settleEpoch(work, error, context)) {
      context.count('restamped', 1);
      return nextSlice(context, work, limit);
    }
    if (!isTooMuchAtOnce(error) || work.giveUp) throw error;
    const events = Math.min(work.stagedEvents ?? work.maxEvents, work.maxEvents);
    const next = limitAfter({ events, limit, wholeRun: work.wholeRun, hopeless: isBeyondLimit(error) });
    context.count('timeouts', 1);
    await noteAttempt(work, next, { events, step: work.lastStep }).catch(() => undefined);
    // What fails at once (for memory, say) has its next try in another run.
    throw alone && next.events === ALONE ? error : new TooMuch(next, error);
  }
}

/** Of a statement's time, for locks. */
const LOCKS = 0.7;

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

/** What an operator has to repair stands in the node's state too, where status and Londiste's tools look. */
async function rememberError(work: Replay, thrown: unknown): Promise<never> {
  const isFenced = thrown instanceof PgtideError && thrown.kind === 'fenced';
  const error = isFenced ? await fencedError(work, thrown) : thrown;
  if (isOfFastClock(error)) throw error;
  if (error instanceof PgtideError && policyOf[error.kind] === 'operator')
    await work.subscriber
      .query('select pgq_node.set_consumer_error($1, $2, $3)', [work.queue, work.consumer, error.message])
      .catch(() => undefined);
  if (error instanceof StopAtEvent) await noteStop(work, error).catch(() => undefined);
  throw error;
}
