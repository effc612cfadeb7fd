/** A user's own function, as Lambda would call it, against test databases. */
import type { Context } from 'aws-lambda';
import { systemClock } from '../../lib/clock.ts';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import type { TestDatabase } from './database.ts';
import { handClock as handClockFrom } from './hand-clock.ts';
import { leaseTable } from './lease-table.ts';

export interface ConsumerWorld {
  readonly config: Config;
  readonly environment: Environment;
  /** The log's lines, oldest first. */
  readonly lines: Record<string, unknown>[];
  readonly leaseStore: LeaseStore;
}

/** A configuration with nodes alone, an empty lease table, and a log that tests can read. */
export async function consumerWorld(nodes: Record<string, TestDatabase>): Promise<ConsumerWorld> {
  const config = parseConfig(
    JSON.stringify({
      nodes: Object.fromEntries(Object.entries(nodes).map(([name, { url }]) => [name, { url }])),
      queues: {},
    }),
  );
  const leaseStore = (await leaseTable()).store();
  const lines: Record<string, unknown>[] = [];
  const environment: Environment = {
    clock: systemClock,
    log: (line) => void lines.push(line),
    secrets: createSecretReader(() => Promise.reject(new Error('no secrets here'))),
    config: () => config,
    leaseStore: () => leaseStore,
  };
  return { config, environment, lines, leaseStore };
}

/** A clock that begins now and moves only by `advance`, so that a run's budget does not depend on the machine's speed. */
export const handClock = () => handClockFrom(Date.now());

/** The context that Lambda gives a handler with this time limit. */
export function lambdaContext(remainingMs = 60_000): Context {
  const ends = Date.now() + remainingMs;
  return {
    awsRequestId: `request-${Math.random()}`,
    getRemainingTimeInMillis: () => ends - Date.now(),
  } as Context;
}
