import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { type LeaseStore, leaseKey } from '../lease/lease-store.ts';
import { nodesOf, rootOf } from '../topology/tree.ts';
import type { FailingRuns } from '../unit-context/context.ts';
import { scheduledUnits, type UnitName, units } from '../unit-context/registry.ts';

/**
 * Reads, for status, what the lease table records about a queue's scheduled runs, and about the runs of `consumers`,
 * which read the queue on the root.
 */
export async function readFailingRuns(
  {
    config,
    queue,
    leaseStore,
    clock,
  }: { config: Config; queue: string; leaseStore: LeaseStore | null; clock: Clock },
  consumers: readonly string[],
): Promise<FailingRuns[]> {
  const pairs = scheduledUnits.flatMap((unit): Pair[] =>
    nodesOf(config, queue, units[unit].worksFor).map((node) => ({ unit, node })),
  );
  const root = rootOf(config, queue);
  for (const consumer of consumers) pairs.push({ unit: 'consume', node: root, consumer });
  const keyOf = ({ unit, node, consumer }: Pair) => leaseKey(unit, queue, node, consumer);
  const states = await leaseStore?.states(pairs.map(keyOf));
  return pairs.flatMap((pair) => {
    const trouble = states?.get(keyOf(pair))?.trouble;
    if (!trouble) return [];
    const { what, remedy, runs, since, operator, skipUntil } = trouble;
    const skippedUntil = skipUntil > clock.now() ? new Date(skipUntil) : null;
    return [{ ...pair, what, remedy, runs, since: new Date(since), operator, skippedUntil }];
  });
}

type Pair = Pick<FailingRuns, 'node' | 'consumer'> & { unit: UnitName };
