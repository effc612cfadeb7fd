/**
 * A run of one unit that kills itself (SIGKILL) in the n-th gap of a name. crash-run.ts starts it, with its order as an
 * argument.
 */
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { type ConnectionTarget, withClient } from '../../lib/db/client.ts';
import { placeOf } from '../../lib/topology/tree.ts';
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { replayWith } from '../../lib/units/replay.ts';

export interface Order {
  unit: 'replay' | 'copy';
  step: string;
  nth: number;
  /** A statement for the root in each gap, including the fatal one: `$1` counts the gaps. */
  meanwhile: string | null;
  firstRound: number;
  targets: Record<'old' | 'new', ConnectionTarget>;
  tuning: Record<string, unknown>;
}

const order: Order = JSON.parse(process.argv[2] ?? '');
const nodes = { old: { url: 'postgres://x@127.0.0.1/x' }, new: { url: 'postgres://x@127.0.0.1/y' } };
const config = parseConfig(
  JSON.stringify({ nodes, queues: { shop: { root: 'old', leaves: ['new'], ...order.tuning } } }),
);
const context: UnitContext = {
  config,
  queue: 'shop',
  ...placeOf(config, 'shop', 'new'),
  epoch: null,
  budget: new Budget(systemClock, 60_000),
  clock: systemClock,
  connect: (name, work) => withClient(order.targets[name as 'old' | 'new'], 'pgtide shop', work),
  count: () => undefined,
  gauge: () => undefined,
  step: (_name, work) => work(),
};

let [met, gaps] = [0, 0];
const at = async (step: string) => {
  const { meanwhile } = order;
  if (meanwhile) {
    const round = order.firstRound + gaps++;
    await withClient(order.targets.old, 'shop at work', (client) => client.query(meanwhile, [round]));
  }
  if (step === order.step && ++met === order.nth) process.kill(process.pid, 'SIGKILL');
};
await (order.unit === 'replay' ? replayWith({ at }) : copyWith({ at }))(context);
