/** The scheduled functions as Lambda calls them, with a separate lease table, against the nodes of a configuration. */
import { type Clock, systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { onDemandHandler } from '../../lib/runtime/on-demand-handler.ts';
import { scheduledHandler } from '../../lib/runtime/scheduled-handler.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import type { Unit } from '../../lib/unit-context/context.ts';
import { copy } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { type StatusResult, status, statusInput } from '../../lib/units/status.ts';
import { tick } from '../../lib/units/tick.ts';
import { lambdaContext } from './consumer.ts';
import { leaseTable } from './lease-table.ts';

const units = { tick, replay, copy, maintain };
type Name = keyof typeof units;

export interface Schedule {
  readonly environment: Environment;
  readonly leaseStore: LeaseStore;
  /** The log's lines, oldest first. */
  readonly lines: Record<string, unknown>[];
  /** One invocation, as a schedule starts it; `unit` replaces the function's own. */
  invoke(name: Name, options?: { unit?: Unit; remainingMs?: number; event?: object }): Promise<Runs>;
  status(queue?: string, remainingMs?: number): Promise<StatusResult>;
}

/** The outcome of each pair, by `queue/node`. */
export type Runs = Record<string, string>;

export async function schedule(
  configuration: object,
  { clock = systemClock }: { clock?: Clock } = {},
): Promise<Schedule> {
  const config = parseConfig(JSON.stringify(configuration));
  const leaseStore = (await leaseTable()).store({ clock });
  const lines: Record<string, unknown>[] = [];
  const environment: Environment = {
    clock,
    log: (line) => void lines.push(line),
    secrets: createSecretReader(() => Promise.reject(new Error('no secrets here'))),
    config: () => config,
    leaseStore: () => leaseStore,
  };
  const merge = (results: StatusResult[]): StatusResult => ({
    healthy: results.every(({ healthy }) => healthy),
    queues: results.flatMap(({ queues }) => queues),
  });
  return {
    environment,
    leaseStore,
    lines,
    async invoke(name, { unit = units[name], remainingMs = 60_000, event = {} } = {}) {
      const { runs } = await scheduledHandler({ name, unit, environment })(event, lambdaContext(remainingMs));
      return Object.fromEntries(runs.map(({ queue, node, outcome }) => [`${queue}/${node}`, outcome]));
    },
    async status(queue, remainingMs) {
      const handler = onDemandHandler({
        name: 'status',
        unit: status,
        input: statusInput,
        environment,
        merge,
      });
      const answer = await handler(queue === undefined ? {} : { queue }, lambdaContext(remainingMs));
      return answer.result;
    },
  };
}
