/** A pair of servers of the campaign's own, which it may crash, with a template database in which pgtide is installed. */
import { withClient } from '../../lib/db/client.ts';
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';
import { install } from '../../lib/install/install.ts';
import { ownServer } from '../support/database.ts';
import { asSuperuser, createRoleStatement, PLAIN_OWNER, targetOf } from '../support/shared-servers.ts';
import { openRelay, type Relay } from './relay.ts';
import type { Side } from './schedule.ts';

export const TEMPLATE = 'faults_template';

export interface FaultServers {
  readonly server: Record<Side, PostgresServer>;
  readonly relay: Record<Side, Relay>;
}

/** Durable, unlike the other tests' servers: they are crashed. Deadlocks are found soon, so that there can be many. */
const settings = {
  fsync: 'on',
  full_page_writes: 'on',
  deadlock_timeout: "'150ms'",
  max_wal_size: "'256MB'",
};

export async function startPair(versions: Record<Side, number>): Promise<FaultServers> {
  const server = {
    old: await ownServer({ version: versions.old, settings }),
    new: await ownServer({ version: versions.new, settings }),
  };
  for (const one of [server.old, server.new]) {
    await asSuperuser(one, 'postgres', createRoleStatement(PLAIN_OWNER, one.password));
    await asSuperuser(one, 'postgres', `create database ${TEMPLATE} owner ${PLAIN_OWNER}`);
    await withClient(targetOf(one, TEMPLATE, PLAIN_OWNER), 'template', (client) => install(client));
  }
  return { server, relay: { old: await openRelay(server.old), new: await openRelay(server.new) } };
}
