import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../db/client.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { SourceFile } from './schema-sources.ts';

/**
 * Before anything else, an upgrade locks all tables that it alters within this time, or none of them. The time is below PostgreSQL's
 * deadlock_timeout (1 s), so the upgrade gives up its attempt before the server cancels a producer, and no producer waits longer for a lock
 * that the upgrade does not get.
 */
const LOCK_ALL_MS = 800;
const ATTEMPTS = 30;
const LONGEST_PAUSE_MS = 400;

const QUERY_CANCELED = '57014';

/** Locks every table of pgtide that these files name. */
export async function lockNamedTables(client: Client, files: readonly SourceFile[]): Promise<void> {
  const names = files.flatMap(({ text }) => text.match(/\b[a-z_]+\.[a-z_]+\b/g) ?? []);
  const found = await client.first<{ list: string | null }>(
    `select string_agg(c.oid::regclass::text, ', ' order by c.oid) as list
       from (select distinct to_regclass(name) as oid from unnest($1::text[]) name) named
       join pg_catalog.pg_class c on c.oid = named.oid and c.relkind in ('r', 'p')
      where c.oid >= 16384 and pg_has_role(c.relowner, 'USAGE')`,
    [names],
  );
  if (!found?.list) return;
  await client.query(`set local statement_timeout = ${LOCK_ALL_MS}`);
  try {
    await client.query(`lock table ${found.list} in access exclusive mode`);
  } catch (error) {
    if (!hasState(error, QUERY_CANCELED)) throw error;
    throw new LockedByOthers(
      'busy',
      `${client.node}: the upgrade alters tables that open transactions use: ${found.list}`,
      {
        remedy: 'let the longest transactions end, or end them, and try again; nothing was changed',
        cause: error,
      },
    );
  }
  await client.query('set local statement_timeout = 0');
}

class LockedByOthers extends PgtideError {}

/** Retries `work` for about thirty seconds while other sessions hold locks on the tables that it has to lock. */
export async function retryWhileLocked<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LockedByOthers) || attempt === ATTEMPTS) throw error;
      await pause(LONGEST_PAUSE_MS * Math.random());
    }
  }
}
