import { setTimeout as pause } from 'node:timers/promises';
import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { describeLockHolders } from './lock-holders.ts';

/**
 * How tables join and leave a queue while other sessions write to them.
 *
 * Triggers are created and dropped under a lock that excludes writers. A session that waits for such a lock makes all later writers wait,
 * too. So every table has separate transactions, which lock nothing else, and all work that needs no lock is done before the lock is
 * requested: a writer waits for at most LOCK_WAIT_MS, and then while a few triggers are created or dropped. Partitions are processed one by
 * one, too; only row triggers, which reach all partitions (pgtide.guard_partitions, pgtide._capture_replica), are created and dropped on
 * all of them at once. A table whose lock could not be acquired is tried again after the other tables.
 *
 * Work is committed table by table. If a run ends between two tables, the tables before that point are changed and the tables after it are
 * not; the same call continues from there.
 */
const LOCK_WAIT_MS = 150;
/** If no table could be locked for this long, the call fails with an error that names the lock holders. */
const GIVE_UP_MS = 20_000;
const LONGEST_PAUSE_MS = 400;
/** A table is not started with less than this left in the budget. */
const MIN_REMAINING_MS = 2_000;

export interface TableSteps {
  budget: Budget;
  /** The operation on the tables, for error messages. */
  doing: 'added' | 'removed';
  /** Called after each table with the number of tables that are done. */
  onDone?: (done: number, all: number) => void;
}

/** Runs `work` for each table. `work` takes locks only through `briefly`, and runs again later if it finds the table busy. */
export async function tableByTable(
  client: Client,
  tables: readonly string[],
  { budget, doing, onDone }: TableSteps,
  work: (table: string) => Promise<void>,
): Promise<void> {
  let waiting = [...tables];
  let lastSuccess = performance.now();
  let reason: PgtideError | undefined;
  for (let first = true; waiting.length > 0; first = false) {
    const busy: string[] = [];
    for (const [index, table] of waiting.entries()) {
      if (!budget.allows(MIN_REMAINING_MS) && !(first && index === 0)) {
        if (reason)
          throw await stillBusy(client, [...busy, ...waiting.slice(index)], { tables, doing, reason });
        throw outOfTime(client, tables.length - waiting.length + index, { tables, doing });
      }
      try {
        await work(table);
        lastSuccess = performance.now();
        onDone?.(tables.length - waiting.length + index + 1 - busy.length, tables.length);
      } catch (error) {
        if (!isBusy(error)) throw error;
        busy.push(table);
        reason = error;
      }
    }
    if (reason && busy.length > 0 && performance.now() - lastSuccess > GIVE_UP_MS)
      throw await stillBusy(client, busy, { tables, doing, reason });
    waiting = busy;
    if (busy.length > 0) await pause(LONGEST_PAUSE_MS * Math.random());
  }
}

/** Runs a transaction in which each wait for a lock ends after the longest time that writers may wait. */
export function briefly<T>(client: Client, work: () => Promise<T>): Promise<T> {
  return client.transaction({ lockTimeoutMs: LOCK_WAIT_MS }, work);
}

/**
 * Locks a table and its partitions, for a step that changes all of them. Locks all of them within LOCK_WAIT_MS, or none. Skips a table that
 * this role may not lock.
 */
export async function lockTree(
  client: Client,
  table: string,
  mode: 'share row exclusive' | 'access exclusive',
): Promise<void> {
  const found = await client.first<{ name: string }>(
    `select c.oid::regclass::text as name from pg_catalog.pg_class c
      where c.oid = londiste.find_table_oid($1) and has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')`,
    [table],
  );
  if (!found) return;
  await client.query(`set local statement_timeout = ${LOCK_WAIT_MS}`);
  await client.query(`lock table ${found.name} in ${mode} mode`);
  await client.query('set local statement_timeout = 0');
}

function isBusy(error: unknown): error is PgtideError {
  return error instanceof PgtideError && error.kind === 'busy';
}

interface Whole {
  tables: readonly string[];
  doing: TableSteps['doing'];
}

async function stillBusy(
  client: Client,
  busy: readonly string[],
  { tables, doing, reason }: Whole & { reason: PgtideError },
): Promise<PgtideError> {
  const holders = await describeLockHolders(client, busy, { readersToo: doing === 'removed' });
  const others = tables.length - busy.length;
  return new PgtideError(
    'busy',
    `${reason.message}; ${busy.join(', ')} cannot be ${doing}: the lock is held by ${holders}`,
    {
      remedy: `let that transaction end, or end it, and run the same again${others > 0 ? `; the ${others} other tables are ${doing}` : ''}`,
      cause: reason,
    },
  );
}

function outOfTime(client: Client, done: number, { tables, doing }: Whole): PgtideError {
  return new PgtideError(
    'busy',
    `${client.node}: the time was over when ${done} of ${tables.length} tables were ${doing}`,
    { remedy: 'run the same again: it goes on with the others' },
  );
}
