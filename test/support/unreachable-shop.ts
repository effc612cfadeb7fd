/** Scheduled functions whose nodes are out of reach, so that a test decides how each run ends; and the failures that status shows. */
import { PgtideError } from '../../lib/errors.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { Unit } from '../../lib/unit-context/context.ts';
import { handClock } from './hand-clock.ts';
import { type Schedule, schedule } from './scheduled.ts';

/** Nothing listens there. */
const url = (database: string) => `postgres://app@127.0.0.1:9/${database}`;

/** One queue with one leaf, or `queues` of them, each with its own root. The clock begins at 2027-01-15 08:00 UTC. */
export async function world(queues = 1) {
  const clock = handClock();
  const all = Array.from({ length: queues }, (_, nr) => `q${nr}`);
  const shop = await schedule(
    {
      nodes: Object.fromEntries([
        ['leaf', { url: url('leaf') }],
        ...all.map((name) => [`root-${name}`, { url: url(name) }]),
      ]),
      queues: Object.fromEntries(all.map((name) => [name, { root: `root-${name}`, leaves: ['leaf'] }])),
    },
    { clock },
  );
  return { clock, shop };
}

/** A unit that ends with this outcome, after it has counted. */
export const ending =
  (outcome: Outcome, counts: Record<string, number> = {}): Unit =>
  async (context) => {
    for (const [name, by] of Object.entries(counts)) context.count(name, by);
    return outcome;
  };
export const idle = ending({ kind: 'idle' });
export const gone = new PgtideError('connection', 'the server is gone', { remedy: 'check that it runs' });

/** The failing runs that status shows. */
export const failuresIn = async (shop: Schedule) =>
  (await shop.status('q0')).queues
    .flatMap(({ nodes }) => nodes.flatMap((node) => node.problems))
    .filter(({ code }) => code.startsWith('runs-'));
