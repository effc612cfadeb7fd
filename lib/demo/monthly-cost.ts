/**
 * What an idle pair costs for a month: how often the schedules call each function, times what a call costs that finds
 * nothing to do. Durations are measured; prices are list prices of us-east-1, without free tiers. Not in it: log
 * storage, cold starts, and whatever network a function needs to reach its databases (a NAT costs more than all of this).
 */
import type { UnitName } from '../units/registry.ts';

const MINUTES_A_MONTH = 30 * 24 * 60;
const MEMORY_GB = 0.25;

/** USD. */
export const listPrices = {
  /** Lambda, arm64, a GB of memory for a second. */
  gigabyteSecond: 0.0000133334,
  /** Lambda, a request. */
  request: 0.2 / 1_000_000,
  /** EventBridge Scheduler, an invocation. */
  schedulerInvocation: 1 / 1_000_000,
  /** DynamoDB on demand, a write of up to 1 KB. */
  dynamoDbWrite: 0.625 / 1_000_000,
} as const;

interface ScheduledFunction {
  unit: UnitName;
  callsAMonth: number;
  /** Taking the lease and giving it back. */
  leaseWrites: number;
}

export const schedule: readonly ScheduledFunction[] = [
  { unit: 'tick', callsAMonth: MINUTES_A_MONTH, leaseWrites: 0 },
  { unit: 'replay', callsAMonth: MINUTES_A_MONTH, leaseWrites: 2 },
  { unit: 'copy', callsAMonth: MINUTES_A_MONTH, leaseWrites: 2 },
  { unit: 'maintain', callsAMonth: MINUTES_A_MONTH / 5, leaseWrites: 0 },
];

export interface MonthlyCost {
  calls: number;
  lambda: number;
  scheduler: number;
  dynamoDb: number;
  total: number;
}

/** `idleMs` gives the measured duration of a call that finds nothing to do. */
export function monthlyCost(idleMs: (unit: UnitName) => number): MonthlyCost {
  const cost = { calls: 0, lambda: 0, scheduler: 0, dynamoDb: 0 };
  for (const { unit, callsAMonth, leaseWrites } of schedule) {
    const gigabyteSeconds = (Math.ceil(idleMs(unit)) / 1000) * MEMORY_GB;
    cost.calls += callsAMonth;
    cost.lambda += callsAMonth * (gigabyteSeconds * listPrices.gigabyteSecond + listPrices.request);
    cost.scheduler += callsAMonth * listPrices.schedulerInvocation;
    cost.dynamoDb += callsAMonth * leaseWrites * listPrices.dynamoDbWrite;
  }
  return { ...cost, total: cost.lambda + cost.scheduler + cost.dynamoDb };
}
