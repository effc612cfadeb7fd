import { Budget } from '../budget.ts';
import { type Clock, elapsedMs } from '../clock.ts';
import { type Config, nodeConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import type { Lease, LeaseStore } from '../lease/lease-store.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { Outcome } from '../outcome.ts';
import { shownMessage } from '../redact.ts';
import { withNode } from '../secrets/connection-target.ts';
import type { SecretReader } from '../secrets/secret-reader.ts';
import { type Place, placeAlone, placeOf } from '../topology/tree.ts';
import type { ProgressEvent, UnitContext } from '../unit-context/context.ts';
import { type UnitName, units } from '../unit-context/registry.ts';
import { readFailingRuns } from './read-failing-runs.ts';
import { canonicalLine, type RunLog } from './run-log.ts';
import { asRunError, LOST_CONNECTION, type RunReport } from './run-report.ts';
import { inTime } from './secrets-in-time.ts';

export interface RunRequest<Result> {
  unitName: UnitName;
  /**
   * A scheduled unit returns its outcome; an on-demand unit returns a result with it (`(context) => unit(context,
   * input)`).
   */
  unit: (context: UnitContext) => Promise<Outcome | { outcome: Outcome; result: Result }>;
  config: Config;
  queue: string;
  node: string;
  /** The reader, for the unit `consume`. It has a separate lease, and its queue need not be in the configuration. */
  consumer?: string | undefined;
  /** Null for a run by hand without a lease; only the position on the subscriber then keeps two runs apart. */
  leaseStore: LeaseStore | null;
  /** Unique to this run; the owner of the lease. */
  owner: string;
  /** The error that prevented reading the states of earlier runs, for the log. */
  unread?: PgtideError | undefined;
  secrets: SecretReader;
  budgetMs: number;
  /** See UnitContext. */
  wholeMs?: number;
  /** Time after the end of the budget at which a silent connection is cut; default SILENCE_MS. */
  silenceMs?: number;
  /** Longest time for opening a connection; default: see lib/db/client.ts. */
  connectMs?: number;
  clock: Clock;
  log: RunLog;
  /**
   * How long the pair rests after a run with nothing to do; default no rest. Scheduled runs skip a pair that rests.
   */
  restMs?: number;
  /** Calls the unit again as long as it has done work and the budget lasts. Default: see the registry. */
  repeat?: boolean;
  progress?: (event: ProgressEvent) => void;
}

/** Least budget for a repeat; with less, it could do little more than connect. */
const MIN_REPEAT_MS = 2_000;
/** Time beyond its budget that a run may take until Lambda, or the operator, ends it. */
const OVERTIME_MS = 10_000;
/** Time after its budget at which a run gives up a silent connection: before its lease ends. */
export const SILENCE_MS = 2_000;

/**
 * Runs a unit for one (queue, node): acquires the lease if the unit needs one, calls the unit, releases the lease,
 * and writes the run's one log line. Never throws: the report has the error. If another run has the lease, no
 * database connection is opened.
 */
export async function runUnit<Result = undefined>(request: RunRequest<Result>): Promise<RunReport<Result>> {
  const { clock, log } = request;
  const started = elapsedMs(clock);
  const report: RunReport<Result> = emptyReport(request);
  if (request.unread) report.statesError = request.unread.message;
  const woken = new Set<string>();
  try {
    placeOfRun(request);
    nodeConfig(request.config, request.node);
    report.outcome = await underLease(request, report, (fence) =>
      repeatUnit(request, report, { ...fence, woken }),
    );
  } catch (error) {
    report.error = asRunError(error);
  }
  await wake(request.leaseStore, woken, report);
  report.durationMs = elapsedMs(clock) - started;
  log(canonicalLine(report, clock.now()));
  return report;
}

/** Logs a pair that is skipped, without any other I/O. */
export function logSkipped(request: SkippedPair, why: SkipReason): RunReport {
  const ended: Pick<RunReport, 'outcome' | 'gauges'> =
    why.kind === 'rests'
      ? { outcome: { kind: 'idle' }, gauges: { resting: 1 } }
      : {
          outcome: {
            kind: 'waiting-for',
            what: `a server that did not answer; it is tried again from ${why.until.toISOString()} on: ${why.what}`,
          },
          gauges: { skipped: 1 },
        };
  const report: RunReport = { ...emptyReport(request), ...ended };
  request.log(canonicalLine(report, request.clock.now()));
  return report;
}

export type SkipReason = { kind: 'rests' } | { kind: 'skipped'; what: string; until: Date };

type SkippedPair = Pick<RunRequest<undefined>, 'unitName' | 'queue' | 'node' | 'clock' | 'log'>;

function emptyReport(of: Pick<RunRequest<unknown>, 'unitName' | 'queue' | 'node' | 'consumer'>) {
  return {
    unit: of.unitName,
    queue: of.queue,
    node: of.node,
    ...(of.consumer === undefined ? {} : { consumer: of.consumer }),
    outcome: null,
    repeats: 0,
    counts: {},
    gauges: {},
    steps: {},
    durationMs: 0,
  };
}

async function underLease<Result>(
  request: RunRequest<Result>,
  report: RunReport<Result>,
  work: (fence: Fence) => Promise<Outcome>,
): Promise<Outcome> {
  const { leaseStore, unitName, queue, node, consumer, owner, budgetMs } = request;
  if (!leaseStore || !units[unitName].lease) return work({ epoch: null });
  const key = leaseKey(unitName, queue, node, consumer);
  const began = request.clock.now();
  const taken = await leaseStore.acquire(key, owner, budgetMs + OVERTIME_MS);
  if (taken.kind === 'held') return { kind: 'lease-held', owner: taken.owner, until: taken.until };
  let restUntil: Date | undefined;
  let { lease } = taken;
  const restamp = async (epoch: bigint) => {
    const restamped = (await leaseStore.restamp?.(lease, epoch)) ?? null;
    lease = restamped ?? lease;
    return restamped !== null;
  };
  try {
    const outcome = await work({ epoch: lease.epoch, restamp });
    if (outcome.kind === 'idle' && request.restMs) restUntil = new Date(began + request.restMs);
    return outcome;
  } finally {
    await release(leaseStore, lease, { restUntil, report });
  }
}

/** The members of the context that a unit uses for fencing; see lib/lease/lease-store.ts. */
type Fence = Pick<UnitContext, 'epoch' | 'restamp'>;

interface Ending {
  restUntil: Date | undefined;
  report: RunReport<unknown>;
}

/** If release fails, the lease expires; the run still counts. */
async function release(store: LeaseStore, lease: Lease, { restUntil, report }: Ending): Promise<void> {
  try {
    await store.release(lease, restUntil);
  } catch (error) {
    report.releaseError = asRunError(error).message;
  }
}

/**
 * Wakes units also after an error, because what the run has committed by then is work. If waking fails, the rest ends
 * at its time.
 */
async function wake(
  store: LeaseStore | null,
  keys: ReadonlySet<string>,
  report: RunReport<unknown>,
): Promise<void> {
  if (!store || keys.size === 0) return;
  try {
    await store.wake([...keys]);
  } catch (error) {
    report.wakeError = asRunError(error).message;
  }
}

async function repeatUnit<Result>(
  request: RunRequest<Result>,
  report: RunReport<Result>,
  { woken, ...fence }: Fence & { woken: Set<string> },
): Promise<Outcome> {
  const budget = new Budget(request.clock, request.budgetMs);
  const context = makeContext(request, report, {
    budget,
    ...(request.wholeMs === undefined ? {} : { wholeMs: request.wholeMs }),
    ...fence,
    ...(request.leaseStore && {
      ...wakingInto(woken, request),
      failingRuns: (consumers) => readFailingRuns(request, consumers),
    }),
  });
  const repeats = request.repeat ?? units[request.unitName].repeats;
  for (let worked = false; ; worked = true) {
    const returned = await request.unit(context);
    report.repeats++;
    const outcome = 'outcome' in returned ? returned.outcome : returned;
    if ('outcome' in returned) report.result = returned.result;
    const didWork = outcome.kind === 'applied' || outcome.kind === 'already-applied';
    if (!didWork || !repeats) return worked && outcome.kind === 'idle' ? { kind: 'applied' } : outcome;
    if (!budget.allows(MIN_REPEAT_MS)) return { kind: 'out-of-budget' };
  }
}

function wakingInto(woken: Set<string>, { queue }: RunRequest<unknown>): Pick<UnitContext, 'wake'> {
  return { wake: (unit, node) => void woken.add(leaseKey(unit, queue, node)) };
}

function placeOfRun({ config, queue, node, consumer }: RunRequest<unknown>): Place {
  return consumer === undefined ? placeOf(config, queue, node) : placeAlone(node);
}

function makeContext(
  request: RunRequest<unknown>,
  report: RunReport<unknown>,
  given: Pick<UnitContext, 'budget' | 'wholeMs' | 'epoch' | 'restamp' | 'wake' | 'failingRuns'>,
): UnitContext {
  const { config, queue, clock, secrets, progress } = request;
  const add = (to: Record<string, number>, name: string, by: number) => {
    to[name] = (to[name] ?? 0) + by;
  };
  const lost = new Set<unknown>();
  return {
    ...given,
    config,
    queue,
    ...placeOfRun(request),
    clock,
    connect: async (node, work, { withinMs = Number.POSITIVE_INFINITY } = {}) => {
      const restMs = given.budget.remainingMs() + (request.silenceMs ?? SILENCE_MS);
      const cutAfterMs = Math.min(restMs, withinMs);
      const connectMs = Math.min(request.connectMs ?? cutAfterMs, cutAfterMs);
      const connector = {
        secrets: inTime(secrets, connectMs),
        applicationName: applicationName(request),
        cutAfterMs,
        connectMs,
        onServerText: config.errors.showValues ? noteServerText(report) : undefined,
      };
      const began = elapsedMs(clock);
      try {
        return await withNode(node, nodeConfig(config, node), connector, work);
      } catch (error) {
        // Connections that enclose the failed one end with the same error.
        if (error instanceof PgtideError && error.kind === 'connection' && !lost.has(error))
          add(report.steps, LOST_CONNECTION, elapsedMs(clock) - began);
        lost.add(error);
        throw error;
      }
    },
    count: (name, by) => add(report.counts, name, by),
    gauge: (name, value) => {
      report.gauges[name] = value;
    },
    step: async (name, work) => {
      const began = elapsedMs(clock);
      try {
        return await work();
      } finally {
        add(report.steps, name, elapsedMs(clock) - began);
      }
    },
    ...(progress ? { progress } : {}),
  };
}

/** Most server texts in a log line. */
const MAX_SERVER_TEXTS = 5;

function noteServerText(report: RunReport<unknown>): (text: string) => void {
  return (text) => {
    report.serverTexts ??= [];
    if (report.serverTexts.length < MAX_SERVER_TEXTS) report.serverTexts.push(shownMessage(text));
  };
}

/** The name that pg_stat_activity shows; the server truncates it to 63 bytes. */
function applicationName({ unitName, queue, node, consumer }: RunRequest<unknown>): string {
  return `pgtide ${unitName} ${queue} ${consumer ?? node}`;
}
