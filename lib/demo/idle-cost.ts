import type { Context } from 'aws-lambda';
import { systemClock } from '../clock.ts';
import { PgtideError } from '../errors.ts';
import { type LeaseStore, leaseKey } from '../lease/lease-store.ts';
import { startLocalDynamoDb } from '../lease/local-dynamodb.ts';
import { scheduledUnits } from '../local/follow.ts';
import type { Session } from '../local/session.ts';
import { tickNow } from '../local/tick-now.ts';
import type { Environment } from '../runtime/environment.ts';
import { scheduledHandler } from '../runtime/scheduled-handler.ts';
import { createSecretReader } from '../secrets/secret-reader.ts';
import { nodesOf } from '../topology/tree.ts';
import { type UnitName, type UnitTraits, units } from '../unit-context/registry.ts';
import { type IdleCall, type MonthlyCost, monthlyCost } from './monthly-cost.ts';

const ROUNDS = 7;
const LAMBDA_CONTEXT = { awsRequestId: 'idle', getRemainingTimeInMillis: () => 60_000 } as Context;

/**
 * Calls every scheduled function a few times while there is nothing to do, and calculates what a month of that costs.
 * Each call of replay finds a tick without events: an idle queue is ticked about once a minute.
 */
export async function measureIdle(session: Session, queue: string): Promise<MonthlyCost> {
  const dynamo = await startLocalDynamoDb();
  try {
    const times = new Times();
    for (let round = 0; round < ROUNDS; round++) {
      await tickNow(session, [queue]);
      await measureRound(session, queue, { leaseStore: dynamo.store(), times });
    }
    return monthlyCost((unit, call) => times.median(unit, call));
  } finally {
    await dynamo.stop();
  }
}

interface Measuring {
  leaseStore: LeaseStore;
  times: Times;
}

async function measureRound(
  session: Session,
  queue: string,
  { leaseStore, times }: Measuring,
): Promise<void> {
  const environment: Environment = {
    clock: systemClock,
    log: () => undefined,
    secrets: createSecretReader(),
    config: () => session.config,
    leaseStore: () => leaseStore,
  };
  for (const { name, unit } of scheduledUnits) {
    const handler = scheduledHandler({ name, unit, environment });
    const { restMs, worksFor }: UnitTraits = units[name];
    for (const node of nodesOf(session.config, queue, worksFor)) {
      await leaseStore.wake([leaseKey(name, queue, node)]);
      const calls: readonly IdleCall[] = restMs ? ['looking', 'resting'] : ['looking'];
      for (const call of calls) {
        const began = performance.now();
        const { runs } = await handler({ queue, node }, LAMBDA_CONTEXT);
        times.add(name, call, performance.now() - began);
        if (runs.length !== 1 || runs[0]?.outcome === 'error')
          throw new PgtideError('state', `${name} of ${queue}/${node} failed while it was measured`);
      }
    }
  }
}

class Times {
  readonly #times = new Map<string, number[]>();

  add(unit: UnitName, call: IdleCall, ms: number): void {
    const key = `${unit} ${call}`;
    this.#times.set(key, [...(this.#times.get(key) ?? []), ms]);
  }

  median(unit: UnitName, call: IdleCall): number {
    const times = (this.#times.get(`${unit} ${call}`) ?? []).toSorted((a, b) => a - b);
    return times[Math.floor(times.length / 2)] ?? 0;
  }
}
