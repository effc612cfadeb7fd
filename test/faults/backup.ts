/** The leaf's database as it was, in the place of what it is: what a failover to a restored backup does. */
import { asSuperuser, PLAIN_OWNER } from '../support/shared-servers.ts';
import { until } from '../support/until.ts';
import type { World } from './world.ts';

const onServer = <T>(world: World, sql: string) => asSuperuser<T>(world.servers.server.new, 'postgres', sql);

/** All connections end; those of users are opened again when they are needed. */
async function leaveAlone(world: World): Promise<void> {
  const { name } = world.database.new;
  await world.user.new.close();
  const there = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
  await until('nobody is connected', async () => (await onServer(world, there)).length === 0);
}

export async function backUpLeaf(world: World): Promise<{ restore(): Promise<void> }> {
  const { name } = world.database.new;
  const backup = `${name}_backup`;
  await leaveAlone(world);
  await onServer(world, `create database ${backup} owner ${PLAIN_OWNER} template ${name}`);
  return {
    async restore() {
      await leaveAlone(world);
      await onServer(world, `drop database ${name}`);
      await onServer(world, `alter database ${backup} rename to ${name}`);
    },
  };
}
