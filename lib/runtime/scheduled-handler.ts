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

/** `{queue, node}`, `{queue}`, or an empty object, which means all that is configured. */
const scheduledEvent = z.strictObject({ queue: z.string().optional(), node: z.string().optional() });

/** A run ends before its minute does. */
const MINUTE_MS = 55_000;

export interface ScheduledSpec {
  name: UnitName;
  unit: Unit;
  environment?: Environment;
}

/** The response of a scheduled invocation: how each pair that it reached ended. */
export interface ScheduledResponse {
  runs: { queue: string; node: string; outcome: string }[];
}

/**
 * A function that a schedule starts. It serves one pair after another (lib/runtime/serve-pairs.ts) until the budget
 * is spent. A transient error does not fail the invocation, since the next minute is the retry. An error that waits
 * for an operator, and any result that repeats without progress (lib/runtime/trouble.ts), fails the invocation, so
 * that alarms on Lambda's errors detect it. An error that prevents it from serving any pair fails it, too, because
 * such an error is not counted anywhere.
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
