/**
 * Calls the user's handler with events, in order, and returns the result of each event. An event that fails does not stop the
 * events after it. If a group fails as a whole, each half is tried again, down to the single events that fail.
 */
import type { Budget } from '../budget.ts';
import { describeServerError, isServerError } from '../db/server-error.ts';
import { type ErrorKind, PgtideError } from '../errors.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { FailedEvent } from '../pgq/retry.ts';
import { NotNow } from './spec.ts';

/** The reason why a run ends before all its events are settled. */
export type Stop =
  | { kind: 'out-of-budget' }
  /** The handler did not end in time. The next run determines whether the event is the cause. */
  | { kind: 'cut-off' }
  | { kind: 'not-now'; why: string }
  | { kind: 'error'; error: PgtideError };

export interface Judged {
  /** Number of events, counted from the first, that are settled: handled or failed. */
  settled: number;
  failed: FailedEvent[];
  stop?: Stop;
}

export interface Trial {
  budget: Budget;
  /** Handles the group, or has no effect. */
  attempt(group: readonly QueueEvent[]): Promise<void>;
  /** An earlier run died here: a condition that otherwise stops the run now fails the event, so that it does not stop all runs. */
  careful: boolean;
}

/** The handler ended the transaction that it was given. What it did is committed, and cannot be judged. */
export class TransactionEnded extends PgtideError {}

/** The handler's time was over. */
export class CutOff extends Error {}

/** Least time that must be left to begin a piece of work. */
export const MIN_REMAINING_MS = 2_000;
/** Time reserved for the commit. */
export const RESERVE_MS = 1_000;

export async function judgeOneByOne(events: readonly QueueEvent[], trial: Trial): Promise<Judged> {
  const judged: Judged = { settled: 0, failed: [] };
  for (const event of events) {
    const one = await judgeGroup([event], trial);
    judged.settled += one.settled;
    judged.failed.push(...one.failed);
    if (one.stop) return { ...judged, stop: one.stop };
  }
  return judged;
}

export async function judgeGroup(group: readonly QueueEvent[], trial: Trial): Promise<Judged> {
  const [event] = group;
  if (!event) return { settled: 0, failed: [] };
  if (!trial.budget.allows(MIN_REMAINING_MS))
    return { settled: 0, failed: [], stop: { kind: 'out-of-budget' } };
  try {
    await trial.attempt(group);
    return { settled: group.length, failed: [] };
  } catch (error) {
    const stop = stopOf(error, trial);
    if (stop) return { settled: 0, failed: [], stop };
    if (group.length === 1) return { settled: 1, failed: [{ id: event.id, reason: reasonOf(error) }] };
  }
  const middle = group.length >> 1;
  const left = await judgeGroup(group.slice(0, middle), trial);
  if (left.stop) return left;
  const right = await judgeGroup(group.slice(middle), trial);
  return { ...right, settled: left.settled + right.settled, failed: [...left.failed, ...right.failed] };
}

/** Errors of the server or the network, never of the event. */
const never: readonly ErrorKind[] = ['connection', 'authentication', 'fenced'];

function stopOf(error: unknown, { careful, budget }: Trial): Stop | undefined {
  if (error instanceof TransactionEnded) return { kind: 'error', error };
  if (error instanceof PgtideError && never.includes(error.kind)) return { kind: 'error', error };
  if (careful) return undefined;
  if (error instanceof NotNow) return { kind: 'not-now', why: error.message };
  if (error instanceof CutOff) return { kind: 'cut-off' };
  if (error instanceof PgtideError && error.kind === 'busy')
    return budget.allows(MIN_REMAINING_MS) ? { kind: 'error', error } : { kind: 'cut-off' };
  return undefined;
}

/** Returns the handler's own message; for a server's error, the message of lib/db/server-error.ts, whichever client raised it. */
export function reasonOf(error: unknown): string {
  if (isServerError(error)) return describeServerError(error).message;
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Time that an aborted handler may take to end; a part of the time reserved for the commit. */
const GRACE_MS = RESERVE_MS / 2;

/** A call of the user's handler that has a time limit. */
export interface TimedCall {
  budget: Budget;
  /** Calls the handler; `signal` is aborted when its time is over. */
  work: (signal: AbortSignal) => Promise<void> | void;
  /** Called when its time was over. `stillRuns`: it did not end shortly afterwards either, and continues beside everything that follows. */
  outlived: (stillRuns: boolean) => void;
}

/**
 * Returns or throws as the handler does, or throws CutOff if the handler's time is over first. Running JavaScript cannot be stopped
 * from outside: the signal asks the handler to end. What the handler does after that has no effect on the result of its events.
 */
export async function withinTime({ budget, work, outlived }: TimedCall): Promise<void> {
  const controller = new AbortController();
  const cutOff = new CutOff('the handler did not end in time');
  const timeMs = Math.max(0, budget.remainingMs() - RESERVE_MS);
  const working = Promise.resolve().then(() => work(controller.signal));
  if ((await first(working, timeMs)) === 'ended') return;
  controller.abort(cutOff);
  const end = await first(
    working.catch(() => undefined),
    GRACE_MS,
  );
  outlived(end !== 'ended');
  throw cutOff;
}

/** Returns whether `work` ends within the time. Throws the error of `work` if it fails. */
async function first(work: Promise<void>, timeMs: number): Promise<'ended' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeMs);
  });
  try {
    return await Promise.race([work.then(() => 'ended' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
