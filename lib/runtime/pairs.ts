import { type Config, queueConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import { type LeaseStore, leaseKey } from '../lease/lease-store.ts';
import { type UnitName, units } from '../units/registry.ts';

/** One piece of scheduled work: a unit's queue and node. */
export interface Pair {
  queue: string;
  node: string;
}

/** Every (queue, node) of the configuration that the unit works for, or those of one queue, or just one. */
export function selectPairs(config: Config, unit: UnitName, only: Partial<Pair> = {}): Pair[] {
  const queues = only.queue === undefined ? Object.keys(config.queues) : [only.queue];
  const pairs = queues.flatMap((queue) => {
    const { root, leaves } = queueConfig(config, queue);
    return (units[unit].nodes === 'root' ? [root] : leaves).map((node) => ({ queue, node }));
  });
  if (only.node === undefined) return pairs;
  const chosen = pairs.filter(({ node }) => node === only.node);
  if (chosen.length > 0) return chosen;
  const possible = pairs.map(({ queue, node }) => `${queue}/${node}`).join(', ') || 'none';
  throw new PgtideError('input', `${unit} has no work for the node ${JSON.stringify(only.node)}`, {
    remedy: `it works for ${possible}`,
  });
}

/**
 * The order in which a run serves its pairs. Units with a lease: least recently served first, as the lease table knows.
 * Units without one are quick, and start at another pair each minute, so that none is always last.
 */
export async function inServingOrder(
  pairs: Pair[],
  unit: UnitName,
  { leaseStore, now }: { leaseStore: LeaseStore; now: number },
): Promise<Pair[]> {
  if (pairs.length < 2) return pairs;
  if (!units[unit].lease) {
    const first = Math.floor(now / 60_000) % pairs.length;
    return [...pairs.slice(first), ...pairs.slice(0, first)];
  }
  const keyOf = ({ queue, node }: Pair) => leaseKey(unit, queue, node);
  const served = await leaseStore.lastServed(pairs.map(keyOf));
  return pairs.toSorted((a, b) => (served.get(keyOf(a)) ?? 0) - (served.get(keyOf(b)) ?? 0));
}
