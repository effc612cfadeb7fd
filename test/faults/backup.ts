/** Replaces a node's database by an earlier copy of it, as a failover to a restored backup does. */
import { asSuperuser, PLAIN_OWNER } from '../support/shared-servers.ts';
import { until } from '../support/until.ts';
import type { Side } from './schedule.ts';
import type { World } from './world.ts';

export async function backUp(world: World, side: Side): Promise<{ restore(): Promise<void> }> {
  const { name } = world.database[side];
  const backup = `${name}_backup`;
  const onServer = <T>(sql: string) => asSuperuser<T>(world.servers.server[side], 'postgres', sql);
  /** Ends all connections. Those of users are opened again when they are needed. */
  const leaveAlone = async () => {
    await world.user[side].close();
    const there = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
    await until('no session is connected', async () => (await onServer(there)).length === 0);
  };
  await leaveAlone();
  await onServer(`create database ${backup} owner ${PLAIN_OWNER} template ${name}`);
  // Commits from here on are lost with the provider's database.
  const seen = world.writers.map((writer) => new Set(writer.seen));
  await world.openOldTransaction();
  return {
    async restore() {
      await leaveAlone();
      await onServer(`drop database ${name}`);
      await onServer(`alter database ${backup} rename to ${name}`);
      if (side === 'new') return;
      for (const [nr, writer] of world.writers.entries()) writer.seen = seen[nr] ?? new Set();
      await world.openOldTransaction();
    },
  };
}
