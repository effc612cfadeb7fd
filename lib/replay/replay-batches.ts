import { queueConfig } from '../config/config.ts';
import { isBeyondLimit, isTooMuchAtOnce } from '../db/sqlstate.ts';
import { PgtideError, policyOf } from '../errors.ts';
import { nextBatchOf } from '../node/next-batch.ts';
import type { Outcome } from '../outcome.ts';
import type { UnitContext } from '../unit-context/context.ts';
import {
  ALONE,
  expectedMs,
  fewerThan,
  GIVE_UP,
  limitAfterFailure,
  limitAfterSlice,
  noteAttempt,
  readAttempt,
} from './attempt.ts';
import { fencedError, isOfFastClock, settleEpoch } from './epoch.ts';
import { mustBeEvents, UnreadableKey, UnusableRows } from './extract.ts';
import { noteStop, StopAtEvent } from './handle-events.ts';
import { replaySlice } from './replay-batch.ts';
import type { Replay, ReplayStep, SliceLimit, SliceResult } from './replay-work.ts';

/** Least time that must be left to begin a slice. */
const MIN_REMAINING_MS = 3_000;

export interface ReplayHooks {
  /** Called between two steps; tests kill the run there. */
  at?: (step: ReplayStep) => void | Promise<void>;
}

/**
 * Brings a node up to date with its provider: applies batches until none is left or the budget is spent. If there is no
 * batch, it opens no connection to the subscriber.
 */
export async function replayBatches(context: UnitContext, hooks: ReplayHooks = {}): Promise<Outcome> {
  const wholeMs = Math.max(context.wholeMs ?? 0, context.budget.remainingMs());
  let attempt: Attempt = { wholeMs, epoch: context.epoch };
  for (;;) {
    try {
      return await replayConnected(context, hooks, attempt);
    } catch (error) {
      // The failure may have closed its connection: the next attempt opens new ones.
      // The limit is not kept: it may concern an earlier slice, if one has been applied since. readAttempt reads the valid limit.
      if (error instanceof UnreadableKey)
        attempt = { wholeMs: attempt.wholeMs, epoch: attempt.epoch, careful: true };
      else if (error instanceof UnusableRows) {
        if (error.inPlace) context.count('retriedWithEvents', 1);
        attempt = { wholeMs: attempt.wholeMs, epoch: attempt.epoch, asEvents: true, once: error.inPlace };
      } else if (error instanceof TooMuch && mayTryAgain(context, attempt, error.next))
        attempt = { ...attempt, limit: error.next, asEvents: error.asEvents };
      else throw error instanceof TooMuch ? error.cause : error;
    }
  }
}

interface Attempt {
  /** Duration of a whole run. */
  wholeMs: number;
  /** The lease's epoch, as the run last stamped it. */
  epoch: bigint | null;
  careful?: boolean;
  asEvents?: boolean;
  /** Only the next slice arrives as events: one of its rows has failed. */
  once?: boolean;
  limit?: SliceLimit;
}

/** A slice took too long. */
class TooMuch extends Error {
  readonly next: SliceLimit;
  /** True if its rows arrived as events. */
  readonly asEvents: boolean;

  constructor(next: SliceLimit, asEvents: boolean, cause: unknown) {
    super('a slice took too long', { cause });
    this.next = next;
    this.asEvents = asEvents;
  }
}

/** Share of a whole run that must be left to try a single event: the run has just begun. */
const WHOLE = 0.8;

function mayTryAgain({ budget }: UnitContext, { wholeMs }: Attempt, next: SliceLimit): boolean {
  return budget.allows(
    next.events === ALONE ? Math.max(MIN_REMAINING_MS, WHOLE * wholeMs) : MIN_REMAINING_MS,
  );
}

/**
 * Returns true if the time that is left suffices for the slice after one that was applied within a limit. If it were tried with less, it would
 * fail, and the next run would begin with a tenth of its events.
 */
function hasTimeFor(context: UnitContext, attempt: Attempt, limit: SliceLimit, expectedMs: number): boolean {
  return mayTryAgain(context, attempt, limit) && expectedMs <= context.budget.remainingMs() / 2;
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
        configuredMaxEvents: limits.maxEvents,
        maxBytes: limits.maxBytes,
        onConflict,
        onUnknownEvent,
        careful: attempt.careful ?? false,
        alwaysAsEvents: attempt.asEvents ?? false,
        statementTimeoutMs: context.budget.remainingMs(),
        idleTimeoutMs: context.budget.remainingMs(),
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
  configuredMaxEvents: number;
  alwaysAsEvents: boolean;
  /** The current slice has reached its events with a whole run left for them. */
  wholeRun?: boolean;
}

async function untilIdle(context: UnitContext, work: Work, attempt: Attempt): Promise<Outcome> {
  let outcome: Outcome = { kind: 'idle' };
  let nextMs = 0;
  let limit: SliceLimit | null = attempt.limit ?? (await readAttempt(work));
  while (context.budget.allows(MIN_REMAINING_MS)) {
    if (limit !== null && outcome.kind !== 'idle' && !hasTimeFor(context, attempt, limit, nextMs)) break;
    const remainingMs = context.budget.remainingMs();
    const result = await nextSlice(context, work, limit);
    if (result.kind === 'idle') return outcome;
    if (result.kind === 'paused') return { kind: 'waiting-for', what: `node ${context.node} is paused` };
    report(context, result);
    if (result.kind === 'applied') {
      if (attempt.once) work.alwaysAsEvents = false;
      const { events, nextLimit } = result;
      if (limit && nextLimit)
        nextMs = expectedMs(remainingMs - context.budget.remainingMs(), events, limit, nextLimit);
      limit = nextLimit;
    } else limit = await readAttempt(work);
    if (result.kind === 'applied' && work.onConflict === 'resync' && result.tables.some(({ error }) => error))
      context.wake?.('copy', context.node);
    outcome = outcome.kind === 'idle' ? { kind: result.kind } : { kind: 'applied' };
  }
  return { kind: 'out-of-budget' };
}

/**
 * Applies the next slice, within `limit`. If rows that arrived as rows fail, it is retried with events. An event that is alone, which must
 * have its whole run, arrives as an event from the beginning. A slice that takes longer than half of the remaining time is canceled and
 * retried with a part of its events (lib/replay/attempt.ts). If every run retried the whole slice, it might never succeed.
 */
async function nextSlice(
  context: UnitContext,
  work: Work,
  limit: SliceLimit | null,
  asEvents = limit !== null && limit.events <= ALONE,
): Promise<SliceResult> {
  const remainingMs = context.budget.remainingMs();
  const alone = limit?.events === ALONE;
  work.giveUp = limit?.events === GIVE_UP;
  work.maxEvents = Math.max(1, Math.min(work.configuredMaxEvents, limit?.events ?? work.configuredMaxEvents));
  work.statementTimeoutMs = alone
    ? Math.max(remainingMs / 2, remainingMs - MIN_REMAINING_MS)
    : remainingMs / 2;
  // Once the run's time is over, its client is gone.
  work.idleTimeoutMs = remainingMs;
  work.lockTimeoutMs = alone ? work.statementTimeoutMs * LOCKS : undefined;
  work.asEvents = work.alwaysAsEvents || asEvents;
  work.stagedEvents = undefined;
  work.wholeRun = false;
  work.limitAfterSlice = (slice) => {
    const part = (remainingMs - context.budget.remainingMs()) / work.statementTimeoutMs;
    return limitAfterSlice(limit, { ...slice, part, maxEvents: work.configuredMaxEvents });
  };
  try {
    return await context.step('replay', () => replaySlice(work));
  } catch (error) {
    if (mustBeEvents(error) && !asEvents) {
      context.count('retriedWithEvents', 1);
      // The slices that follow need events as often as this one, and each attempt with rows costs as much as they may.
      if (limit !== null) work.alwaysAsEvents = true;
      return nextSlice(context, work, limit, true);
    }
    if (await settleEpoch(work, error, context)) {
      context.count('restamped', 1);
      return nextSlice(context, work, limit);
    }
    const events = Math.min(work.stagedEvents || work.maxEvents, work.maxEvents);
    // With as many events, the next run would end as this one.
    if (error instanceof UnusableRows && !context.budget.allows(MIN_REMAINING_MS))
      await storeLimit(context, work, fewerThan(events), { events, step: work.lastStep });
    if (!isTooMuchAtOnce(error) || work.giveUp) throw error;
    const next = limitAfterFailure({
      events,
      limit,
      wholeRun: work.wholeRun,
      hopeless: isBeyondLimit(error),
    });
    context.count('timeouts', 1);
    await storeLimit(context, work, next, { events, step: work.lastStep });
    // A single event that fails immediately (for lack of memory, for example) is retried in another run.
    throw alone && next.events === ALONE ? error : new TooMuch(next, work.asEvents === true, error);
  }
}

/** Share of a statement's timeout that it may wait for locks. */
const LOCKS = 0.7;

/** Stores the limit over the slice's connection, or over another one if that is lost. If neither works, the run fails. */
function storeLimit(
  context: UnitContext,
  work: Work,
  next: SliceLimit,
  failed: { events: number; step: ReplayStep | undefined },
): Promise<void> {
  return noteAttempt(work, next, failed).catch(() =>
    context.connect(context.node, (subscriber) => noteAttempt({ ...work, subscriber }, next, failed)),
  );
}

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

/** Stores an error that an operator must repair in the node's state too, where status and Londiste's tools read it. */
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
