/**
 * What an idle pair costs for a month: how often the schedules call each function, times what a call costs that finds
 * nothing to do. Durations are measured where the demo runs; prices are list prices of us-east-1, without Lambda's free
 * tier. Schedules are not in it: the first 14 million calls of a month are free for everybody. Nor are cold starts, log
 * storage, and whatever network a function needs to reach its databases (a NAT alone costs more than all of this).
 */
import type { UnitName } from '../units/registry.ts';

const MINUTES_A_MONTH = 30 * 24 * 60;

/** USD. */
export const listPrices = {
  /** Lambda, arm64, a GB of memory for a second. */
  gigabyteSecond: 0.0000133334,
  /** Lambda, a request. */
  request: 0.2 / 1_000_000,
  /** DynamoDB on demand, a write of up to 1 KB. */
  dynamoDbWrite: 0.625 / 1_000_000,
} as const;

export interface ScheduledFunction {
  unit: UnitName;
  everyMinutes: number;
  memoryMb: number;
  /** Taking the lease and giving it back. */
  leaseWrites: number;
}

/** As in serverless.yml; a test compares. */
export const schedule: readonly ScheduledFunction[] = [
  { unit: 'tick', everyMinutes: 1, memoryMb: 256, leaseWrites: 0 },
  { unit: 'replay', everyMinutes: 1, memoryMb: 512, leaseWrites: 2 },
  { unit: 'copy', everyMinutes: 1, memoryMb: 1024, leaseWrites: 2 },
  { unit: 'maintain', everyMinutes: 5, memoryMb: 256, leaseWrites: 0 },
];

export interface MonthlyCost {
  calls: number;
  lambda: number;
  dynamoDb: number;
  total: number;
}

/** `idleMs` gives the measured duration of a call that finds nothing to do. */
export function monthlyCost(idleMs: (unit: UnitName) => number): MonthlyCost {
  const cost = { calls: 0, lambda: 0, dynamoDb: 0 };
  for (const { unit, everyMinutes, memoryMb, leaseWrites } of schedule) {
    const calls = MINUTES_A_MONTH / everyMinutes;
    const gigabyteSeconds = (Math.ceil(idleMs(unit)) / 1000) * (memoryMb / 1024);
    cost.calls += calls;
    cost.lambda += calls * (gigabyteSeconds * listPrices.gigabyteSecond + listPrices.request);
    cost.dynamoDb += calls * leaseWrites * listPrices.dynamoDbWrite;
  }
  return { ...cost, total: cost.lambda + cost.dynamoDb };
}
