/**
 * `node examples/servers.ts`: PostgreSQL 13 and 17 from npm packages, with empty databases for the examples. Prints the variables that
 * name them. On Ctrl-C the servers stop, and their files are removed.
 */
import { type ConnectionTarget, withClient } from '../lib/db/client.ts';
import { type PostgresServer, removeServerCopies, startServer } from '../lib/demo/postgres-server.ts';

const OWNER = 'app';
const databases = [
  { variable: 'OLD_URL', version: 13, name: 'shop' },
  { variable: 'NEW_URL', version: 17, name: 'shop' },
  { variable: 'APP_URL', version: 13, name: 'app' },
  { variable: 'ANALYTICS_URL', version: 17, name: 'analytics' },
];

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
});
const servers = new Map<number, PostgresServer>();
try {
  for (const version of [13, 17]) servers.set(version, await startServer({ version }));
  for (const server of servers.values()) await createDatabases(server);
  for (const { variable, version, name } of databases)
    console.log(`export ${variable}='${servers.get(version)?.url(name, OWNER)}'`);
  console.error('the servers stay up until Ctrl-C');
  await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))]);
} finally {
  for (const server of servers.values()) await server.remove();
  removeServerCopies();
}
process.exit();

/** They belong to a role that is not a superuser. */
async function createDatabases(server: PostgresServer): Promise<void> {
  const { version, host, port, superuser: user, password } = server;
  const target: ConnectionTarget = {
    node: `PostgreSQL ${version}`,
    host,
    port,
    user,
    database: 'postgres',
    password,
    ssl: false,
  };
  await withClient(target, 'examples', async (client) => {
    await client.query(`create role ${OWNER} login password '${password}'`);
    for (const database of databases.filter((one) => one.version === version))
      await client.query(`create database ${database.name} owner ${OWNER}`);
  });
}
