/**
 * Runs that get nothing done: how often in a row, and what becomes of it.
 *
 * A run without progress is one that ends with an error, or out of budget, and has counted nothing that its unit commits
 * (UnitTraits.progress). The lease table keeps, for each pair, how many there have been in a row (lib/lease/lease-store.ts, Trouble).
 * Invariants:
 *  - What waits for an operator fails the invocation: errors of such a kind at once, everything else from RUNS_IN_A_ROW runs on. It is
 *    tried again all the same; where it is left out meanwhile (below), the invocations that try it fail.
 *  - What cannot be kept, or has unknown predecessors, cannot be counted, and fails the invocation at once. So does a lease table that
 *    waits for an operator, also where all runs were served without it. Only who has chosen no lease table is counted nowhere.
 *  - Tries of one invocation are one run: what they have done together counts, and how the last of them ended.
 *  - Any run with progress, or that finds nothing to do, begins the count again. A lease that is held says nothing of either.
 *    What a scheduled unit waits for, status shows by itself. Of a consumer that waits (NotNow) nothing else would tell, so its runs
 *    count; before install they do not.
 *
 * A pair whose server does not answer costs a run time that others need. After a run that it kept from everything the pair is left out for one run of each
 * minute, after the second in a row for two, and so on, at most for four; but not where it is the only one, which costs no other.
 * A refused connection costs nothing, and is tried each time.
 */
import { type ErrorKind, PgtideError, policyOf, RUNS_IN_A_ROW, usualRemedy } from '../errors.ts';
import type { LeaseStore, Trouble } from '../lease/lease-store.ts';
import { shownMessage } from '../redact.ts';
import { type UnitTraits, units } from '../unit-context/registry.ts';
import { asRunError, LOST_CONNECTION, type RunReport, shownError } from './run-report.ts';

/** A connection that fails sooner costs others nothing. */
const SLOW_MS = 400;
const MINUTE_MS = 60_000;
const MAX_SKIPPED_RUNS = 4;
/** Schedules are not exact. */
const HALF_A_MINUTE_MS = MINUTE_MS / 2;
export const MAX_SKIPPED_MS = MAX_SKIPPED_RUNS * MINUTE_MS + HALF_A_MINUTE_MS;
/** Of an error's text, in the lease table. */
const MAX_CHARACTERS = 600;

export interface Before {
  key: string;
  /** What the last run has left. */
  trouble: Trouble | undefined;
  /** It is the only one of the invocation. */
  alone: boolean;
  now: number;
  /** Why nothing is known of earlier runs. */
  unread?: PgtideError | undefined;
}

/**
 * Keeps what a run has left, or takes away what is over; returns the error with which the invocation is to fail, or null.
 * `leaseStore` null: nothing is kept, and only errors for an operator fail.
 */
export async function settleTrouble(
  report: RunReport<unknown>,
  leaseStore: LeaseStore | null,
  before: Before,
): Promise<PgtideError | null> {
  if (report.outcome?.kind === 'lease-held') return null;
  const after = troubleOf(report, before);
  if (after === null && before.trouble === undefined) return null;
  let uncounted: unknown = before.unread;
  await leaseStore?.note?.(before.key, { trouble: after }).catch((error: unknown) => {
    uncounted = error;
  });
  if (after && uncounted)
    return failure(report, after, `it could not be counted: ${asRunError(uncounted).message}`);
  if (!after?.operator) return null;
  return failure(report, after, after.runs > 1 ? `${after.runs} runs in a row have ended so` : null);
}

/** The error with which an invocation fails whose runs were served without the lease table, where that waits for an operator. */
export function unreadFailure(unread: PgtideError | undefined): PgtideError | null {
  return unread && waitsForOperator(unread.kind) ? unread : null;
}

function troubleOf(report: RunReport<unknown>, { trouble, alone, now }: Before): Trouble | null {
  const ended = endOf(report);
  if (ended === null) return null;
  const worked = madeProgress(report);
  const last = worked ? undefined : trouble;
  const runs = (last?.runs ?? 0) + 1;
  const slow = ended.kind === 'connection' && (report.steps[LOST_CONNECTION] ?? 0) >= SLOW_MS;
  return {
    ...ended,
    runs,
    operator: waitsForOperator(ended.kind) || runs >= RUNS_IN_A_ROW,
    since: last?.since ?? now,
    skipUntil:
      slow && !alone && !worked ? now + Math.min(runs * MINUTE_MS + HALF_A_MINUTE_MS, MAX_SKIPPED_MS) : 0,
  };
}

/** How a run without success ended; null: it was one. */
function endOf(report: RunReport<unknown>): Pick<Trouble, 'kind' | 'what' | 'remedy'> | null {
  const { error, outcome } = report;
  if (error) {
    const { kind, message, remedy = usualRemedy[error.kind] } = shownError(error);
    return { kind, what: message.slice(0, MAX_CHARACTERS), remedy: remedy.slice(0, MAX_CHARACTERS) };
  }
  if (outcome === null || madeProgress(report)) return null;
  if (outcome.kind === 'out-of-budget')
    return {
      kind: outcome.kind,
      what: 'the run was out of time before it had done anything',
      remedy: 'see what is slow in the steps of its log line; give the function more time, or fewer pairs',
    };
  if (outcome.kind === 'waiting-for' && report.unit === 'consume' && !outcome.install)
    return {
      kind: outcome.kind,
      what: shownMessage(`the handler is not ready: ${outcome.what}`).slice(0, MAX_CHARACTERS),
      remedy: 'bring back what it waits for; the next run begins with the same event',
    };
  return null;
}

export function madeProgress({ unit, counts }: RunReport<unknown>): boolean {
  const { progress = [] }: UnitTraits = units[unit];
  return progress.some((name) => (counts[name] ?? 0) > 0);
}

function waitsForOperator(kind: string): boolean {
  return Object.hasOwn(policyOf, kind) && policyOf[kind as ErrorKind] === 'operator';
}

function failure(report: RunReport<unknown>, { what, remedy }: Trouble, why: string | null): PgtideError {
  const { error, queue, node, consumer } = report;
  const message = error?.message ?? `${queue}/${consumer ?? node}: ${what}`;
  return new PgtideError(error?.kind ?? 'busy', why === null ? message : `${message}; ${why}`, { remedy });
}
