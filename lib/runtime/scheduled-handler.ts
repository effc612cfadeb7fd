import { z } from 'zod';
import { policyOf } from '../errors.ts';
import type { Unit } from '../units/context.ts';
import { type UnitName, type UnitTraits, units } from '../units/registry.ts';
import { waitingForInstall } from '../units/waiting-for-install.ts';
import type { Environment } from './environment.ts';
import { planServing, selectPairs } from './pairs.ts';
import { type RunReport, withoutCause } from './run-report.ts';
import { leaveOut, runUnit } from './run-unit.ts';
import { type Invocation, RunsFailed, stack } from './stack.ts';

/** `{queue, node}`, `{queue}`, or nothing: all that is configured. */
const scheduledEvent = z.strictObject({ queue: z.string().optional(), node: z.string().optional() });

/** A run ends before its minute does. */
const MINUTE_MS = 55_000;
/** A pair that is begun with less than this could do little more than connect. */
const LEAST_PAIR_MS = 2_000;

export interface ScheduledSpec {
  name: UnitName;
  unit: Unit;
  environment?: Environment;
}

/** What a scheduled invocation returns: how each pair it came to ended. */
export interface ScheduledResponse {
  runs: { queue: string; node: string; outcome: string }[];
}

/**
 * A function that a schedule starts: one pair after the other, least recently served first, until the budget is spent.
 * Pairs that rest are left out.
 * Errors that pass by themselves end the run normally, since the next minute is the retry; those that wait for an operator
 * fail the invocation, so that alarms on Lambda's errors see them.
 */
export function scheduledHandler({ name, unit, environment }: ScheduledSpec) {
  return stack({
    unit: name,
    event: scheduledEvent,
    mostMs: MINUTE_MS,
    ...(environment ? { environment } : {}),
    work: async ({ queue, node }, invocation): Promise<ScheduledResponse> => {
      const only = { ...(queue === undefined ? {} : { queue }), ...(node === undefined ? {} : { node }) };
      const pairs = selectPairs(invocation.config, name, only);
      const reports = await servePairs({ name, unit: waitingForInstall(unit), pairs, invocation });
      failWhereOperatorIsNeeded(reports);
      return { runs: reports.map(shown) };
    },
    failed: (error) => {
      if (policyOf[error.kind] === 'operator') throw withoutCause(error);
      return { runs: [] };
    },
  });
}

const shown = ({ queue, node, outcome }: RunReport) => ({ queue, node, outcome: outcome?.kind ?? 'error' });

interface Serving {
  name: UnitName;
  unit: Unit;
  pairs: { queue: string; node: string }[];
  invocation: Invocation;
}

async function servePairs({ name, unit, pairs, invocation }: Serving): Promise<RunReport[]> {
  const { environment, config, owner } = invocation;
  const { clock, log, secrets } = environment;
  const leaseStore = environment.leaseStore(config);
  const { restMs = 0 }: UnitTraits = units[name];
  const { due, resting } = await planServing(pairs, name, { leaseStore, now: clock.now() });
  const reports = resting.map((pair) => leaveOut({ unitName: name, ...pair, clock, log }));
  for (const pair of due) {
    const budgetMs = invocation.remainingMs();
    if (budgetMs < LEAST_PAIR_MS) break;
    reports.push(
      await runUnit({
        unitName: name,
        unit,
        config,
        ...pair,
        leaseStore,
        owner,
        restMs,
        secrets,
        budgetMs,
        clock,
        log,
      }),
    );
  }
  return reports;
}

function failWhereOperatorIsNeeded(reports: RunReport[]): void {
  const errors = reports
    .flatMap(({ error }) => error ?? [])
    .filter(({ kind }) => policyOf[kind] === 'operator');
  const [first] = errors;
  if (!first) return;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, see the log)` : '';
  throw new RunsFailed(first.kind, `${first.message}${more}`, { remedy: first.remedy });
}
