/**
 * What an idle pair costs for a month: how often the schedules call each function, times what a call costs that finds
 * nothing to do. Each reads one item of the lease table. A unit that rests after such a call looks only once in a while; its
 * other calls end there. Durations are measured where the demo runs; prices are list prices of us-east-1, without Lambda's free
 * tier. A pair costs its calls, leases and logs; a deployment has its metric besides, and keeps a secret for each database. Schedules are
 * not in it: the first 14 million calls of a month are free for everybody. Nor are cold starts, the storage of logs, reading the
 * secrets (once in a container), and whatever network a function needs to reach its databases (a NAT alone costs more than all of this).
 */
import { type UnitName, type UnitTraits, units } from '../unit-context/registry.ts';

const MINUTES_A_MONTH = 30 * 24 * 60;

/** USD. */
export const listPrices = {
  /** Lambda, arm64, a GB of memory for a second. */
  gigabyteSecond: 0.0000133334,
  /** Lambda, a request. */
  request: 0.2 / 1_000_000,
  /** DynamoDB on demand, a write of up to 1 KB. */
  dynamoDbWrite: 0.625 / 1_000_000,
  /** DynamoDB on demand, an eventually consistent read of up to 4 KB: half a unit. */
  dynamoDbRead: 0.5 * (0.125 / 1_000_000),
  /** CloudWatch, a byte of logs taken in. */
  logByte: 0.5 / 1e9,
  /** CloudWatch, a metric for a month. */
  metric: 0.3,
  /** Secrets Manager, a secret for a month. */
  secret: 0.4,
} as const;

export interface ScheduledFunction {
  unit: UnitName;
  everyMinutes: number;
  memoryMb: number;
}

/** Taking the lease, and giving it back. */
const LEASE_WRITES = 2;

/**
 * A call writes a line of some 500 bytes, and Lambda its START, END and REPORT, 300 together; CloudWatch counts 26 more a line.
 */
const LOG_BYTES = 1_000;
/** The lag, see lib/runtime/run-log.ts. */
const METRICS = 1;
/** The pair's two databases. */
const SECRETS = 2;

/** As in serverless.yml; a test compares. */
export const schedule: readonly ScheduledFunction[] = [
  { unit: 'tick', everyMinutes: 1, memoryMb: 256 },
  { unit: 'replay', everyMinutes: 1, memoryMb: 512 },
  { unit: 'copy', everyMinutes: 1, memoryMb: 1024 },
  { unit: 'maintain', everyMinutes: 5, memoryMb: 256 },
];

export interface MonthlyCost {
  calls: number;
  lambda: number;
  dynamoDb: number;
  logs: number;
  /** Lambda, DynamoDB and logs: what one more pair costs, besides its secrets. */
  pair: number;
  metrics: number;
  secrets: number;
  /** A deployment with one pair. */
  total: number;
}

/** What a call does where there is nothing to do: it looks, and finds that; or the pair rests, and is left out. */
export type IdleCall = 'looking' | 'resting';

/** What a deployment with one pair costs; `measuredMs` gives the duration of such a call. */
export function monthlyCost(measuredMs: (unit: UnitName, call: IdleCall) => number): MonthlyCost {
  const cost = { calls: 0, lambda: 0, dynamoDb: 0 };
  for (const { unit, everyMinutes, memoryMb } of schedule) {
    const { lease, restMs = 0 }: UnitTraits = units[unit];
    const calls = MINUTES_A_MONTH / everyMinutes;
    const looking = calls / (1 + Math.floor(restMs / (everyMinutes * 60_000)));
    const priceOf = (call: IdleCall) => callPrice(measuredMs(unit, call), memoryMb);
    cost.calls += calls;
    cost.lambda += looking * priceOf('looking');
    if (looking < calls) cost.lambda += (calls - looking) * priceOf('resting');
    if (lease) cost.dynamoDb += looking * LEASE_WRITES * listPrices.dynamoDbWrite;
    // A lone pair's item, for its rest and for how its last run ended.
    cost.dynamoDb += calls * listPrices.dynamoDbRead;
  }
  const logs = cost.calls * LOG_BYTES * listPrices.logByte;
  const pair = cost.lambda + cost.dynamoDb + logs;
  const metrics = METRICS * listPrices.metric;
  const secrets = SECRETS * listPrices.secret;
  return { ...cost, logs, pair, metrics, secrets, total: pair + metrics + secrets };
}

function callPrice(ms: number, memoryMb: number): number {
  const gigabyteSeconds = (Math.ceil(ms) / 1000) * (memoryMb / 1024);
  return gigabyteSeconds * listPrices.gigabyteSecond + listPrices.request;
}
