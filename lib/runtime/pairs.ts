import { type Config, queueConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import { type LeaseState, type LeaseStore, leaseKey } from '../lease/lease-store.ts';
import { type UnitName, type UnitTraits, units } from '../units/registry.ts';

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

/** What a scheduled run does with its pairs. */
export interface Serving {
  /** To be served, in this order. */
  due: Pair[];
  /** Left out: they rest. */
  resting: Pair[];
}

/**
 * Units with a lease serve the pair first that was served least recently, as the lease table knows, and leave out what rests.
 * Units without one are quick, and start at another pair each minute, so that none is always last.
 */
export async function planServing(
  pairs: Pair[],
  unit: UnitName,
  { leaseStore, now }: { leaseStore: LeaseStore; now: number },
): Promise<Serving> {
  const { lease, restMs = 0 }: UnitTraits = units[unit];
  if (!lease) return { due: startingElsewhere(pairs, now), resting: [] };
  if (pairs.length < 2 && restMs === 0) return { due: pairs, resting: [] };
  const keyOf = ({ queue, node }: Pair) => leaseKey(unit, queue, node);
  const states = await leaseStore.states(pairs.map(keyOf)).catch((error: unknown) => {
    // One pair alone needs no order: its run tells what is wrong with the lease table.
    if (pairs.length < 2) return new Map<string, LeaseState>();
    throw error;
  });
  const servedAt = (pair: Pair) => states.get(keyOf(pair))?.lastServed ?? 0;
  const rests = (pair: Pair) => {
    const leftMs = (states.get(keyOf(pair))?.restUntil ?? 0) - now;
    return leftMs > 0 && leftMs <= restMs;
  };
  return {
    due: pairs.filter((pair) => !rests(pair)).toSorted((a, b) => servedAt(a) - servedAt(b)),
    resting: pairs.filter(rests),
  };
}

function startingElsewhere(pairs: Pair[], now: number): Pair[] {
  const first = Math.floor(now / 60_000) % Math.max(1, pairs.length);
  return [...pairs.slice(first), ...pairs.slice(0, first)];
}
