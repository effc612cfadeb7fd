/** Databases of a campaign on its servers. They are dropped in the campaign, not at the end of a test file. */
import { type Client, withClient } from '../../lib/db/client.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';
import type { TestDatabase } from '../support/database.ts';
import { asSuperuser, PLAIN_OWNER, targetOf } from '../support/shared-servers.ts';
import { TEMPLATE } from './servers.ts';

export async function createDatabase(server: PostgresServer, name: string): Promise<TestDatabase> {
  await asSuperuser(server, 'postgres', `create database ${name} owner ${PLAIN_OWNER} template ${TEMPLATE}`);
  const targetAs = (user: string) => targetOf(server, name, user);
  return {
    name,
    owner: PLAIN_OWNER,
    server,
    target: targetAs(PLAIN_OWNER),
    url: server.url(name, PLAIN_OWNER),
    targetAs,
    client: <T>(work: (client: Client) => Promise<T>) => withClient(targetAs(PLAIN_OWNER), 'test', work),
    superuser: <T>(work: (client: Client) => Promise<T>) =>
      withClient(targetAs(server.superuser), 'test', work),
    open: () => Promise.reject(new Error('use a session')),
  };
}

export function endConnections({ server, name }: TestDatabase): Promise<unknown> {
  return asSuperuser(
    server,
    'postgres',
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
}

export async function dropDatabase(database: TestDatabase): Promise<void> {
  await endConnections(database);
  await asSuperuser(database.server, 'postgres', `drop database ${quoteIdent(database.name)}`);
}
