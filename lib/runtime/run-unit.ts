import { Budget } from '../budget.ts';
import type { Clock } from '../clock.ts';
import { type Config, nodeConfig, queueConfig } from '../config/config.ts';
import type { Lease, LeaseStore } from '../lease/lease-store.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { Outcome } from '../outcome.ts';
import { withNode } from '../secrets/connection-target.ts';
import type { SecretReader } from '../secrets/secret-reader.ts';
import type { ProgressEvent, UnitContext } from '../units/context.ts';
import { type UnitName, units } from '../units/registry.ts';
import { canonicalLine, type RunLog } from './run-log.ts';
import { asRunError, type RunReport } from './run-report.ts';

export interface RunRequest<Result> {
  unitName: UnitName;
  /** A scheduled unit returns its outcome, one on demand a result with it (`(context) => unit(context, input)`). */
  unit: (context: UnitContext) => Promise<Outcome | { outcome: Outcome; result: Result }>;
  config: Config;
  queue: string;
  node: string;
  /** Null: run by hand without a lease; the position on the subscriber alone keeps two runs apart. */
  leaseStore: LeaseStore | null;
  /** Unique to this run; takes the lease. */
  owner: string;
  secrets: SecretReader;
  budgetMs: number;
  clock: Clock;
  log: RunLog;
  /** Calls the unit again as long as it has done work and the budget lasts. Default: what the registry says. */
  repeat?: boolean;
  progress?: (event: ProgressEvent) => void;
}

/** A repeat needs at least this much budget left, or it could do little more than connect. */
const LEAST_REPEAT_MS = 2_000;
/** How much longer than its budget a run may take until Lambda, or the operator, ends it. */
const OVERTIME_MS = 10_000;

/**
 * Runs a unit for one (queue, node): takes the lease if the unit needs one, calls the unit, gives the lease back, and
 * writes the run's one log line. Never throws: what went wrong is in the report. Where another run has the lease, no
 * database connection is opened.
 */
export async function runUnit<Result = undefined>(request: RunRequest<Result>): Promise<RunReport<Result>> {
  const { clock, log } = request;
  const started = clock.now();
  const report: RunReport<Result> = {
    unit: request.unitName,
    queue: request.queue,
    node: request.node,
    outcome: null,
    repeats: 0,
    counts: {},
    gauges: {},
    steps: {},
    durationMs: 0,
  };
  try {
    queueConfig(request.config, request.queue);
    nodeConfig(request.config, request.node);
    report.outcome = await underLease(request, report, (epoch) => repeatUnit(request, report, epoch));
  } catch (error) {
    report.error = asRunError(error);
  }
  report.durationMs = clock.now() - started;
  log(canonicalLine(report, clock.now()));
  return report;
}

async function underLease<Result>(
  request: RunRequest<Result>,
  report: RunReport<Result>,
  work: (epoch: bigint | null) => Promise<Outcome>,
): Promise<Outcome> {
  const { leaseStore, unitName, queue, node, owner, budgetMs } = request;
  if (!leaseStore || !units[unitName].lease) return work(null);
  const taken = await leaseStore.acquire(leaseKey(unitName, queue, node), owner, budgetMs + OVERTIME_MS);
  if (taken.kind === 'held') return { kind: 'lease-held', owner: taken.owner, until: taken.until };
  try {
    return await work(taken.lease.epoch);
  } finally {
    await release(leaseStore, taken.lease, report);
  }
}

/** A lease that cannot be given back expires; the work is done all the same. */
async function release(store: LeaseStore, lease: Lease, report: RunReport<unknown>): Promise<void> {
  try {
    await store.release(lease);
  } catch (error) {
    report.releaseError = asRunError(error).message;
  }
}

async function repeatUnit<Result>(
  request: RunRequest<Result>,
  report: RunReport<Result>,
  epoch: bigint | null,
): Promise<Outcome> {
  const budget = new Budget(request.clock, request.budgetMs);
  const context = makeContext(request, report, { budget, epoch });
  const repeats = request.repeat ?? units[request.unitName].scheduled;
  for (let worked = false; ; worked = true) {
    const returned = await request.unit(context);
    report.repeats++;
    const outcome = 'outcome' in returned ? returned.outcome : returned;
    if ('outcome' in returned) report.result = returned.result;
    const didWork = outcome.kind === 'applied' || outcome.kind === 'already-applied';
    if (!didWork || !repeats) return worked && outcome.kind === 'idle' ? { kind: 'applied' } : outcome;
    if (!budget.allows(LEAST_REPEAT_MS)) return { kind: 'out-of-budget' };
  }
}

function makeContext(
  request: RunRequest<unknown>,
  report: RunReport<unknown>,
  spending: Pick<UnitContext, 'budget' | 'epoch'>,
): UnitContext {
  const { config, queue, clock, secrets, progress } = request;
  const add = (to: Record<string, number>, name: string, by: number) => {
    to[name] = (to[name] ?? 0) + by;
  };
  return {
    ...spending,
    config,
    queue,
    node: request.node,
    clock,
    connect: (node, work) =>
      withNode(node, nodeConfig(config, node), { secrets, applicationName: applicationName(request) }, work),
    count: (name, by) => add(report.counts, name, by),
    gauge: (name, value) => {
      report.gauges[name] = value;
    },
    step: async (name, work) => {
      const began = clock.now();
      try {
        return await work();
      } finally {
        add(report.steps, name, clock.now() - began);
      }
    },
    ...(progress ? { progress } : {}),
  };
}

/** As pg_stat_activity shows it; the server cuts it at 63 bytes. */
function applicationName({ unitName, queue, node }: RunRequest<unknown>): string {
  return `pgtide ${unitName} ${queue} ${node}`;
}
