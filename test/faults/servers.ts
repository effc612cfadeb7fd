/** A pair of servers for the campaign alone, which it may crash, with a template database in which pgtide is installed. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { inject } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { type PostgresServer, startServer } from '../../lib/demo/postgres-server.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { ownServer } from '../support/database.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { asSuperuser, createRoleStatement, PLAIN_OWNER, targetOf } from '../support/shared-servers.ts';
import { openRelay, type Relay } from './relay.ts';
import type { Side } from './schedule.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

export const TEMPLATE = 'faults_template';

export interface FaultServers {
  readonly server: Record<Side, PostgresServer>;
  readonly relay: Record<Side, Relay>;
  /** The subscriber's disk; undefined if this user may not mount one. */
  readonly disk: SmallDisk | undefined;
}

/**
 * These servers are durable, unlike those of other tests, because they are crashed. Deadlocks are found soon, so that there
 * can be many. Little of the log is kept, so that it can run out of room.
 */
const settings = {
  fsync: 'on',
  full_page_writes: 'on',
  deadlock_timeout: "'150ms'",
  max_wal_size: "'128MB'",
  min_wal_size: "'32MB'",
};

async function startOnSmallDisk(
  version: number,
): Promise<{ server: PostgresServer; disk: SmallDisk | undefined }> {
  const folder = join(inject('folder'), `disk-${version}-${randomBytes(4).toString('hex')}`);
  const disk = mountSmallDisk(folder);
  if (!disk) return { server: await ownServer({ version, settings }), disk };
  onFileEnd(async () => disk.remove());
  const server = await startServer({ version, settings, folder });
  onFileEnd(() => server.stop('immediate'));
  return { server, disk };
}

export async function startPair(versions: Record<Side, number>): Promise<FaultServers> {
  const subscriber = await startOnSmallDisk(versions.new);
  const server = { old: await ownServer({ version: versions.old, settings }), new: subscriber.server };
  for (const one of [server.old, server.new]) {
    await asSuperuser(one, 'postgres', createRoleStatement(PLAIN_OWNER, one.password));
    await asSuperuser(one, 'postgres', `create database ${TEMPLATE} owner ${PLAIN_OWNER}`);
    await withClient(targetOf(one, TEMPLATE, PLAIN_OWNER), 'template', (client) => install(client));
  }
  const relay = { old: await openRelay(server.old), new: await openRelay(server.new) };
  return { server, relay, disk: subscriber.disk };
}
