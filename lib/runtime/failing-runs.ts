import { queueConfig } from '../config/config.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { FailingRuns } from '../units/context.ts';
import { scheduledUnits, units } from '../units/registry.ts';
import type { RunRequest } from './run-unit.ts';

/** What the lease table knows of a queue's scheduled runs, and of those of `consumers` that read it on the root, for status. */
export async function readFailingRuns(
  {
    config,
    queue,
    leaseStore,
    clock,
  }: Pick<RunRequest<unknown>, 'config' | 'queue' | 'leaseStore' | 'clock'>,
  consumers: readonly string[],
): Promise<FailingRuns[]> {
  const { root, leaves } = queueConfig(config, queue);
  const pairs = scheduledUnits.flatMap((unit) =>
    (units[unit].nodes === 'root' ? [root] : leaves).map((node) => ({
      who: unit as string,
      node,
      key: leaseKey(unit, queue, node),
    })),
  );
  for (const consumer of consumers)
    pairs.push({
      who: `the consumer ${consumer}`,
      node: root,
      key: leaseKey('consume', queue, root, consumer),
    });
  const states = await leaseStore?.states(pairs.map(({ key }) => key));
  return pairs.flatMap(({ who, node, key }) => {
    const trouble = states?.get(key)?.trouble;
    if (!trouble) return [];
    const { what, remedy, runs, since, operator, skipUntil } = trouble;
    const skippedUntil = skipUntil > clock.now() ? new Date(skipUntil) : null;
    return [{ who, node, what, remedy, runs, since: new Date(since), operator, skippedUntil }];
  });
}
