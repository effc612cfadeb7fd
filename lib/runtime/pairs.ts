import type { Config } from '../config/config.ts';
import { PgtideError } from '../errors.ts';
import { type LeaseState, type LeaseStore, leaseKey } from '../lease/lease-store.ts';
import { nodesOf } from '../topology/tree.ts';
import { type UnitName, type UnitTraits, units } from '../unit-context/registry.ts';
import { MAX_SKIPPED_MS } from './trouble.ts';

/** One piece of scheduled work: a unit's queue and node. */
export interface Pair {
  queue: string;
  node: string;
}

/** Returns every (queue, node) of the configuration that the unit works for, or those of one queue, or just one. */
export function selectPairs(config: Config, unit: UnitName, only: Partial<Pair> = {}): Pair[] {
  const queues = only.queue === undefined ? Object.keys(config.queues) : [only.queue];
  const pairs = queues.flatMap((queue) =>
    nodesOf(config, queue, units[unit].worksFor).map((node) => ({ queue, node })),
  );
  if (only.node === undefined) return pairs;
  const chosen = pairs.filter(({ node }) => node === only.node);
  if (chosen.length > 0) return chosen;
  const possible = pairs.map(pairName).join(', ') || 'none';
  throw new PgtideError('input', `${unit} has no work for the node ${JSON.stringify(only.node)}`, {
    remedy: `it works for ${possible}`,
  });
}

/** How a scheduled run treats its pairs. */
export interface Serving {
  /** Pairs to serve, in this order. */
  due: Pair[];
  /** Pairs that are skipped because they rest. */
  resting: Pair[];
  /** Pairs that are skipped for a while because their servers did not answer. */
  skipped: Pair[];
  /** States by lease key, as the last runs left them. */
  states: Map<string, LeaseState>;
  /** The error that prevented reading the states, if the pairs are served anyway. */
  unread?: PgtideError;
}

/**
 * Decides which pairs to serve, and in which order. A unit with a lease first serves the pair that was served least
 * recently, according to the lease table, and skips pairs that rest. A unit without a lease is quick, and usually
 * reaches all of its pairs. It begins with the pair that the last run did not reach. If there is no such pair, it
 * begins with another pair each time, so that no pair is always last.
 */
export async function planServing(
  pairs: Pair[],
  unit: UnitName,
  { leaseStore, now }: { leaseStore: LeaseStore; now: number },
): Promise<Serving> {
  const { lease, restMs = 0 }: UnitTraits = units[unit];
  const keyOf = ({ queue, node }: Pair) => leaseKey(unit, queue, node);
  const turn = turnKey(unit);
  const keys = [...pairs.map(keyOf), ...(lease || pairs.length < 2 ? [] : [turn])];
  let unread: PgtideError | undefined;
  const states = await leaseStore.states(keys).catch((error: PgtideError) => {
    // A unit without a lease works without the table, and a single pair needs no order.
    if (lease && pairs.length > 1) throw error;
    unread = error;
    return new Map<string, LeaseState>();
  });
  const stateOf = (pair: Pair) => states.get(keyOf(pair));
  const servedAt = (pair: Pair) => stateOf(pair)?.lastServed ?? 0;
  const isSoon = (time: number, mostMs: number) => time > now && time - now <= mostMs;
  const rests = (pair: Pair) => isSoon(stateOf(pair)?.restUntil ?? 0, restMs);
  const isSkipped = (pair: Pair) =>
    pairs.length > 1 && isSoon(stateOf(pair)?.trouble?.skipUntil ?? 0, MAX_SKIPPED_MS);
  const due = pairs.filter((pair) => !rests(pair) && !isSkipped(pair));
  return {
    due: lease ? due.toSorted((a, b) => servedAt(a) - servedAt(b)) : inTurn(due, states.get(turn)?.next, now),
    resting: pairs.filter(rests),
    skipped: pairs.filter((pair) => !rests(pair) && isSkipped(pair)),
    states,
    ...(unread && { unread }),
  };
}

/** Returns the key of the item in which a unit without a lease stores whose turn it is. */
export function turnKey(unit: UnitName): string {
  return leaseKey('turn', unit, '');
}

export function pairName({ queue, node }: Pair): string {
  return `${queue}/${node}`;
}

function inTurn(pairs: Pair[], next: string | undefined, now: number): Pair[] {
  const known = pairs.findIndex((pair) => pairName(pair) === next);
  const first = known >= 0 ? known : anyPlace(Math.floor(now / 60_000), pairs.length);
  return [...pairs.slice(first), ...pairs.slice(0, first)];
}

/** Reaches every place in turn, even if only every fifth minute has a run. */
function anyPlace(minute: number, places: number): number {
  return places === 0 ? 0 : (minute + Math.floor(minute / places)) % places;
}
