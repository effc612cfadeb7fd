import { z } from 'zod';
import type { PgtideError } from '../errors.ts';
import type { Unit } from '../unit-context/context.ts';
import type { UnitName } from '../unit-context/registry.ts';
import { waitingForInstall } from '../units/waiting-for-install.ts';
import type { Environment } from './environment.ts';
import { selectPairs } from './pairs.ts';
import { type RunReport, withoutCause } from './run-report.ts';
import { servePairs } from './serve-pairs.ts';
import { RunsFailed, stack } from './stack.ts';

/** `{queue, node}`, `{queue}`, or nothing: all that is configured. */
const scheduledEvent = z.strictObject({ queue: z.string().optional(), node: z.string().optional() });

/** A run ends before its minute does. */
const MINUTE_MS = 55_000;

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
 * A function that a schedule starts: one pair after the other (lib/runtime/serve-pairs.ts), until the budget is spent.
 * Errors that pass by themselves end the run normally, since the next minute is the retry. Those that wait for an operator, and
 * whatever repeats without progress (lib/runtime/trouble.ts), fail the invocation, so that alarms on Lambda's errors see them. So does
 * what keeps it from serving any pair: that is counted nowhere.
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
      const { reports, failures } = await servePairs({
        name,
        unit: waitingForInstall(unit),
        pairs,
        invocation,
      });
      failWhereOperatorIsNeeded(failures);
      return { runs: reports.map(shown) };
    },
    failed: (error) => {
      throw withoutCause(error);
    },
  });
}

const shown = ({ queue, node, outcome }: RunReport) => ({ queue, node, outcome: outcome?.kind ?? 'error' });

function failWhereOperatorIsNeeded(failures: PgtideError[]): void {
  const [first] = failures;
  if (!first) return;
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more, see the log)` : '';
  throw new RunsFailed(first.kind, `${first.message}${more}`, { remedy: first.remedy });
}
