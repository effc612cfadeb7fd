/** Runs of units with a clock that tests move, a separate lease table, and nodes that are out of reach. */
import { type Config, parseConfig } from '../../lib/config/config.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { type RunRequest, runUnit } from '../../lib/runtime/run-unit.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { handClock } from './hand-clock.ts';
import { leaseTable } from './lease-table.ts';

/** Nothing listens there: a unit that connects fails at once. */
export const config = parseConfig(`
nodes:
  old: { url: "postgres://app:hunter2@127.0.0.1:9/shop" }
  new: { url: "postgres://app@127.0.0.1:9/copy" }
  far: { url: "postgres://app@127.0.0.1:9/far" }
queues:
  shop: { root: old, leaves: [new, far] }
  back: { root: new, leaves: [old] }
`);

/** A clock, an empty lease table, and the lines that were logged. The clock begins at 2027-01-15 08:00 UTC. */
export async function world(of: Config = config) {
  const clock = handClock();
  const lines: Record<string, unknown>[] = [];
  const secrets = createSecretReader(() => Promise.reject(new Error('no secrets here')));
  const leaseStore = (await leaseTable()).store({ clock });
  const environment: Environment = {
    clock,
    log: (line) => void lines.push(line),
    secrets,
    config: () => of,
    leaseStore: () => leaseStore,
  };
  const run = (unit: RunRequest<undefined>['unit'], overrides: Partial<RunRequest<undefined>> = {}) =>
    runUnit({
      unitName: 'replay',
      unit,
      config: of,
      queue: 'shop',
      node: 'new',
      leaseStore,
      owner: `run-${Math.random()}`,
      secrets,
      budgetMs: 55_000,
      clock,
      log: environment.log,
      ...overrides,
    });
  return { clock, lines, leaseStore, environment, run };
}

/** A unit that ends with these outcomes, one a call, and then with `idle`. */
export function unitOf(...outcomes: Outcome['kind'][]) {
  const contexts: UnitContext[] = [];
  const unit = async (context: UnitContext): Promise<Outcome> => {
    contexts.push(context);
    return { kind: outcomes.shift() ?? 'idle' } as Outcome;
  };
  return { unit, contexts };
}

export const NEVER_RUN = () => Promise.reject(new Error('must not run'));

/** A lease table that no call may reach. */
export const untouched: LeaseStore = {
  acquire: NEVER_RUN,
  release: NEVER_RUN,
  states: NEVER_RUN,
  wake: NEVER_RUN,
};
