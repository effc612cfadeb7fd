/**
 * Runs without progress: how many there are in a row, and what follows.
 *
 * A run without progress ends with an error, or out of budget, and has counted nothing that its unit commits
 * (UnitTraits.progress). For each pair, the lease table stores how many there have been in a row
 * (lib/lease/lease-store.ts, Trouble).
 *
 * Invariants:
 *  - A result that waits for an operator fails the invocation: an error of such a kind at once, everything else from
 *    RUNS_IN_A_ROW runs on. The pair is still tried again. If it is skipped meanwhile (below), the invocations that
 *    try it fail.
 *  - A result that cannot be stored, or that has unknown predecessors, cannot be counted, and fails the invocation at
 *    once. A lease table that waits for an operator fails it, too, even if all runs were served without the table.
 *    Runs are not counted anywhere only if the operator chose to have no lease table.
 *  - The tries of one invocation are one run: their progress is counted together, and the last try decides how it
 *    ended.
 *  - A run that makes progress, or finds nothing to do, resets the count. A held lease indicates neither.
 *  - Status itself shows what a scheduled unit waits for. Nothing else shows that a consumer waits (NotNow), so its
 *    runs count; before install they do not.
 *
 * A pair whose server does not answer costs a run time that other pairs need. After a run in which the server
 * prevented all progress, the pair is skipped for one run of a schedule with a run each minute, after the second in a
 * row for two, and so on, at most for four. The only pair of an invocation is not skipped, because it costs no other
 * pair time. A refused connection costs nothing, and is tried each time.
 */
import { type ErrorKind, PgtideError, policyOf, RUNS_IN_A_ROW, usualRemedy } from '../errors.ts';
import type { LeaseStore, Trouble } from '../lease/lease-store.ts';
import { shownMessage } from '../redact.ts';
import { type UnitTraits, units } from '../unit-context/registry.ts';
import { asRunError, LOST_CONNECTION, type RunReport, shownError } from './run-report.ts';

/** A connection that fails sooner costs the other pairs nothing. */
const SLOW_MS = 400;
const MINUTE_MS = 60_000;
const MAX_SKIPPED_RUNS = 4;
/** Tolerance, because schedules are not exact. */
const HALF_A_MINUTE_MS = MINUTE_MS / 2;
export const MAX_SKIPPED_MS = MAX_SKIPPED_RUNS * MINUTE_MS + HALF_A_MINUTE_MS;
/** Most characters of an error's text in the lease table. */
const MAX_CHARACTERS = 600;

export interface Before {
  key: string;
  /** The trouble that the last run left. */
  trouble: Trouble | undefined;
  /** True if the run is the only one of the invocation. */
  alone: boolean;
  now: number;
  /** The error that prevented reading the states of earlier runs. */
  unread?: PgtideError | undefined;
}

/**
 * Stores the trouble that a run leaves, or removes trouble that is over. Returns the error with which the invocation
 * must fail, or null. If `leaseStore` is null, nothing is stored, and only errors for an operator fail the
 * invocation.
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

/**
 * Returns the error with which an invocation fails whose runs were served without the lease table, if the table waits
 * for an operator.
 */
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

/** Returns how a run without success ended, or null if it succeeded. */
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
