/** Units as tests run them: by hand, without a lease, against test databases. */
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import { type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { PgtideError } from '../../lib/errors.ts';
import { placeOf } from '../../lib/topology/tree.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { install } from '../../lib/units/install.ts';
import { pair, type TestDatabase } from './database.ts';

export interface TestCascade {
  readonly config: Config;
  /** The context of a unit that works for `node`. */
  context(node: string, overrides?: Partial<UnitContext>): UnitContext;
  readonly counts: Map<string, number>;
  readonly gauges: Map<string, number>;
}

interface Member {
  url: string;
  target: ConnectionTarget;
}

/** A queue over test databases: the first named is the root, the others are its leaves. `tuning` is the queue's configuration. */
export function cascade(
  queue: string,
  members: Record<string, Member>,
  tuning: Record<string, unknown> = {},
): TestCascade {
  const [root, ...leaves] = Object.keys(members);
  const nodes = Object.fromEntries(Object.entries(members).map(([name, { url }]) => [name, { url }]));
  const config = parseConfig(JSON.stringify({ nodes, queues: { [queue]: { root, leaves, ...tuning } } }));
  const counts = new Map<string, number>();
  const gauges = new Map<string, number>();
  const context = (node: string, overrides: Partial<UnitContext> = {}): UnitContext => ({
    config,
    queue,
    ...placeOf(config, queue, node),
    epoch: null,
    budget: new Budget(systemClock, 60_000),
    clock: systemClock,
    connect: (name, work) => {
      const member = members[name];
      if (!member) throw new PgtideError('input', `there is no node ${name}`);
      return withClient({ ...member.target, node: name }, `pgtide ${queue}`, work, { pinned: true });
    },
    count: (name, by) => void counts.set(name, (counts.get(name) ?? 0) + by),
    gauge: (name, value) => void gauges.set(name, value),
    step: (_name, work) => work(),
    ...overrides,
  });
  return { config, context, counts, gauges };
}

export interface InstalledPair {
  readonly old: TestDatabase;
  readonly new: TestDatabase;
  readonly shop: TestCascade;
  /** Runs the same SQL on both sides. */
  both(sql: string): Promise<void>;
}

/** Root `old` and leaf `new` of the queue `shop`, installed. */
export async function installedPair(
  versions = { provider: 13, subscriber: 17 },
  tuning: Record<string, unknown> = {},
): Promise<InstalledPair> {
  const { provider, subscriber } = await pair(versions);
  const shop = cascade('shop', { old: provider, new: subscriber }, tuning);
  await install(shop.context('old'), {});
  const both = async (sql: string) => {
    for (const database of [provider, subscriber]) await database.client((client) => client.query(sql));
  };
  return { old: provider, new: subscriber, shop, both };
}
