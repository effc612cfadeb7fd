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
export const LEAST_MS = 2_000;
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
  if (!trial.budget.allows(LEAST_MS)) return { settled: 0, failed: [], stop: { kind: 'out-of-budget' } };
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
    return budget.allows(LEAST_MS) ? { kind: 'error', error } : { kind: 'cut-off' };
  return undefined;
}

/** The handler's own words; of a server's error, as lib/db/server-error.ts has it, whichever client it came from. */
export function reasonOf(error: unknown): string {
  if (isServerError(error)) return describeServerError(error).message;
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Ends with what `work` ends with, or with CutOff when the time is over first. */
export async function withinTime(budget: Budget, work: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new CutOff('the handler did not end in time')),
      Math.max(0, budget.remainingMs() - RESERVE_MS),
    );
  });
  try {
    await Promise.race([Promise.resolve().then(work), over]);
  } finally {
    clearTimeout(timer);
  }
}
