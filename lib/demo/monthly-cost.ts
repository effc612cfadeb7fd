/**
 * The monthly cost of an idle pair: how often the schedules call each function, times the cost of a call that finds
 * nothing to do. Each call reads one item of the lease table. A unit that rests after such a call looks for work only
 * from time to time; its other calls end after that read. Durations are measured where the demo runs. Prices are list
 * prices of us-east-1, without Lambda's free tier. A pair costs its calls, leases and logs. A deployment also has its
 * metric, and a secret for each database.
 *
 * The cost does not include schedules: the first 14 million calls of a month are free for everybody. Nor does it
 * include cold starts, the storage of logs, reading the secrets (once in a container), and any network that a
 * function needs to reach its databases (a NAT alone costs more than all of this).
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
  /** CloudWatch, a byte of ingested logs. */
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

/** Acquisition and release of the lease. */
const LEASE_WRITES = 2;

/**
 * A call writes a line of about 500 bytes. Lambda writes START, END and REPORT, 300 bytes together. CloudWatch counts
 * 26 bytes more for each line.
 */
const LOG_BYTES = 1_000;
/** The lag, see lib/runtime/run-log.ts. */
const METRICS = 1;
/** The pair's two databases. */
const SECRETS = 2;

/** The same as in serverless.yml; a test compares them. */
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
  /** Lambda, DynamoDB and logs: the cost of one more pair, besides its secrets. */
  pair: number;
  metrics: number;
  secrets: number;
  /** The cost of a deployment with one pair. */
  total: number;
}

/** A call with nothing to do: `looking` looks for work and finds none; `resting` skips a pair that rests. */
export type IdleCall = 'looking' | 'resting';

/** Returns the cost of a deployment with one pair; `measuredMs` returns the duration of such a call. */
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
    // Reads a lone pair's item, for its rest and for how its last run ended.
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
