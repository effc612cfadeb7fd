/** The base of every other test: separate databases, owned by a role without superuser rights. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createDatabase, pair, postgres } from '../../support/database.ts';
import { leaseTable } from '../../support/lease-table.ts';

test('a test database belongs to a plain owner', async () => {
  const db = await createDatabase(await postgres(17));
  const role = await db.client((client) =>
    client.first(`select r.rolsuper, r.rolcreaterole, r.rolname = pg_get_userbyid(d.datdba) as owns
      from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`),
  );
  expect(role).toEqual({ rolsuper: false, rolcreaterole: false, owns: true });
});

test('several connections can be open at once, and are closed at the end of their scope', async () => {
  const db = await createDatabase(await postgres(17));
  await using one = await db.open();
  await using two = await db.open();
  const pids = await Promise.all([one, two].map(({ client }) => client.first('select pg_backend_pid()')));
  expect(pids[0]).not.toEqual(pids[1]);
});

test('a connection that cannot be opened is an error at once', async () => {
  const db = await createDatabase(await postgres(17));
  await expect(db.open('no such role')).rejects.toMatchObject({ kind: 'authentication' });
});

test('a lease table answers in this process', async () => {
  const { client, table } = await leaseTable();
  const described = await client.send(new DescribeTableCommand({ TableName: table }));
  expect(described.Table?.TableStatus).toBe('ACTIVE');
});

test('a pair of databases on two versions has pgtide installed by the plain owner', async () => {
  const { provider, subscriber } = await pair({ provider: 10, subscriber: 17 });
  const owners = await Promise.all(
    [provider, subscriber].map((db) =>
      db.client((client) =>
        client.first(`select current_setting('server_version_num')::int / 10000 as version,
          pg_get_userbyid(nspowner)::text as owner from pg_namespace where nspname = 'pgtide'`),
      ),
    ),
  );
  expect(owners).toEqual([
    { version: 10, owner: 'app' },
    { version: 17, owner: 'app' },
  ]);
});
