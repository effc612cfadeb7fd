import type { Side } from './schedule.ts';
import { isConnectionLoss, type Session } from './session.ts';
import type { World } from './world.ts';

const lockModes = { pg_dump: 'access share', autovacuum: 'share update exclusive' };

/** The SQL that begins a transaction and locks every table of the database, as pg_dump or many autovacuum workers would. */
export async function locksOf(world: World, side: Side, who: keyof typeof lockModes): Promise<string> {
  const [tables] = await world.superuser<{ list: string }>(
    side,
    `select string_agg(c.oid::regclass::text, ', ') as list from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'pgq', 'pgq_node', 'londiste', 'pgtide')`,
  );
  return `begin; set local lock_timeout = '1s'; lock table ${tables?.list} in ${lockModes[who]} mode`;
}

/** Keeps a user's transaction open while `work` runs. */
export async function heldWhile(user: Session, begin: string, work: () => Promise<void>): Promise<void> {
  await user.query(begin);
  try {
    await work();
  } finally {
    await user.query('rollback').catch((error: unknown) => {
      if (!isConnectionLoss(error)) throw error;
    });
  }
}
