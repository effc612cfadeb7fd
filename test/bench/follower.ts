/** The programs that bring changes from one database to another, whose replay is compared. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../lib/db/client.ts';
import type { BenchDatabase } from './database.ts';

export interface Follower {
  readonly name: string;
  readonly provider: BenchDatabase;
  readonly subscriber: BenchDatabase;
  /** Stops applying changes until `follow`. */
  hold?(): Promise<void>;
  /** Follows while these writers write. Absent if a daemon does so by itself. */
  accompany?(writing: () => boolean): Promise<void>;
  /** Returns when the subscriber has the mark. */
  follow(mark: number): Promise<void>;
  /** Runs after a measurement, and is not timed. */
  tidy(): Promise<void>;
}

/** Each workload ends with a new mark in the last statement of its last transaction. */
export const markDdl =
  'create table mark (id int primary key, n int not null); insert into mark values (1, 0)';

export function setMark(mark: number): string {
  return `update mark set n = ${mark} where id = 1`;
}

const POLL_MS = 3;
const PATIENCE_MS = 600_000;

export function awaitMark(subscriber: BenchDatabase, mark: number): Promise<void> {
  return awaitOn(subscriber, `mark ${mark}`, async (client) => {
    const row = await client.first<{ n: number }>('select n from mark where id = 1');
    return row?.n === mark;
  });
}

/** Queries one database over one connection until a condition holds. */
export function awaitOn(
  database: BenchDatabase,
  what: string,
  holds: (client: Client) => Promise<boolean>,
): Promise<void> {
  return database.asSuperuser(async (client) => {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await holds(client))) {
      if (Date.now() > deadline) throw new Error(`${database.name}: ${what} did not come`);
      await pause(POLL_MS);
    }
  });
}
