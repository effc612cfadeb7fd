/**
 * Has the user's handler handle events, in order, and says how each of them ended. An event that fails does not stop
 * those after it. Of a group that fails as a whole each half is tried again, down to the events that fail alone.
 */
import type { Budget } from '../budget.ts';
import { describeServerError, isServerError } from '../db/server-error.ts';
import { type ErrorKind, PgtideError } from '../errors.ts';
import type { QueueEvent } from '../pgq/event.ts';
import type { FailedEvent } from '../pgq/retry.ts';
import { NotNow } from './spec.ts';

/** Why a run ends before its events do. */
export type Stop =
  | { kind: 'out-of-budget' }
  /** The handler did not end in time; whether it is the event's fault is for the next run to find out. */
  | { kind: 'cut-off' }
  | { kind: 'not-now'; why: string }
  | { kind: 'error'; error: PgtideError };

export interface Judged {
  /** How many of the events, from the first on, are settled: handled or failed. */
  settled: number;
  failed: FailedEvent[];
  stop?: Stop;
}

export interface Trial {
  budget: Budget;
  /** Handles the group, or leaves no trace of it. */
  attempt(group: readonly QueueEvent[]): Promise<void>;
  /** A run died here before: what stops a run otherwise is now the event's failure, so that it does not stop all runs. */
  careful: boolean;
}

/** The handler ended the transaction it was given; what it did then is committed, and cannot be judged. */
export class TransactionEnded extends PgtideError {}

/** The handler had no more time. */
export class CutOff extends Error {}

/** A piece of work is begun only with so much left. */
export const MIN_REMAINING_MS = 2_000;
/** Kept for the commit. */
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

/** The server's or the network's, and not the event's. */
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

/** The handler's own words; of a server's error, as lib/db/server-error.ts has it, whichever client it came from. */
export function reasonOf(error: unknown): string {
  if (isServerError(error)) return describeServerError(error).message;
  return error instanceof Error ? error.message || error.name : String(error);
}

/** How long a handler that was aborted may take to end, of what is kept for the commit. */
const GRACE_MS = RESERVE_MS / 2;

/** A call of the user's handler that has a time limit. */
export interface TimedCall {
  budget: Budget;
  /** The handler; `signal` is aborted when its time is over. */
  work: (signal: AbortSignal) => Promise<void> | void;
  /** Its time was over. `stillRuns`: it has not ended a little later either, and goes on beside all that follows. */
  outlived: (stillRuns: boolean) => void;
}

/**
 * Ends with what the handler ends with, or with CutOff when its time is over first. What runs in JavaScript cannot be stopped from
 * outside: the handler is asked to end, by its signal, and what it does after that has no effect on what became of its events.
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

/** Whether `work` ends within the time. Throws what it fails with. */
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
