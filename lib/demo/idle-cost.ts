import { scheduledUnits } from '../cli/follow.ts';
import type { Session } from '../cli/session.ts';
import { queueConfig } from '../config/config.ts';
import { units } from '../units/registry.ts';
import { type MonthlyCost, monthlyCost } from './monthly-cost.ts';

const ROUNDS = 5;

/** Calls every scheduled unit a few times where there is nothing to do, and works out what a month of that costs. */
export async function measureIdle(session: Session, queue: string): Promise<MonthlyCost> {
  const { root, leaves } = queueConfig(session.config, queue);
  for (let round = 1; round <= ROUNDS; round++)
    for (const { name, unit } of scheduledUnits)
      for (const node of units[name].nodes === 'root' ? [root] : leaves)
        await session.scheduled({ unitName: name, unit, queue, node });
  return monthlyCost((unit) => session.tally.idleMs(unit) ?? 0);
}
