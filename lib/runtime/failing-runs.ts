import { queueConfig } from '../config/config.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { FailingRuns } from '../units/context.ts';
import { scheduledUnits, units } from '../units/registry.ts';
import type { RunRequest } from './run-unit.ts';

/** What the lease table knows of a queue's scheduled runs, for status. */
export async function readFailingRuns({
  config,
  queue,
  leaseStore,
  clock,
}: Pick<RunRequest<unknown>, 'config' | 'queue' | 'leaseStore' | 'clock'>): Promise<FailingRuns[]> {
  const { root, leaves } = queueConfig(config, queue);
  const pairs = scheduledUnits.flatMap((unit) =>
    (units[unit].nodes === 'root' ? [root] : leaves).map((node) => ({
      unit,
      node,
      key: leaseKey(unit, queue, node),
    })),
  );
  const states = await leaseStore?.states(pairs.map(({ key }) => key));
  return pairs.flatMap(({ unit, node, key }) => {
    const trouble = states?.get(key)?.trouble;
    if (!trouble) return [];
    const { what, remedy, runs, since, operator, skipUntil } = trouble;
    const skippedUntil = skipUntil > clock.now() ? new Date(skipUntil) : null;
    return [{ unit, node, what, remedy, runs, since: new Date(since), operator, skippedUntil }];
  });
}
