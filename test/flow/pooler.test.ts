/**
 * C12: everything works through a pooler that may give each transaction another server connection: pgtide uses no session
 * state, no named statements and no session locks. Needs Debian's pgbouncer; skipped, with a message, if it is missing.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { freePort } from '../../lib/demo/postgres-server.ts';
import { compare, compareInput } from '../../lib/units/compare.ts';
import { install } from '../../lib/units/install.ts';
import { pair, type TestDatabase } from '../support/database.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { cascade } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

const binary = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(
  (path) => spawnSync(path, ['--version']).status === 0,
);
if (!binary) console.log('skipped: no pgbouncer here, so transaction pooling is not tested');

const NOBODY = 65534;

/** Starts a pooler in transaction mode, with few server connections, in front of these databases. Returns its port. */
async function startPooler(program: string, databases: TestDatabase[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-pooler-'));
  const port = await freePort();
  const lines = databases.map(
    ({ name, server, owner }) =>
      `${name} = host=${server.host} port=${server.port} dbname=${name} user=${owner} password=${server.password}`,
  );
  writeFileSync(
    join(folder, 'users'),
    databases.map(({ owner, server }) => `"${owner}" "${server.password}"\n`).join(''),
  );
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]\n${lines.join('\n')}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nauth_type = plain
auth_file = ${join(folder, 'users')}\npool_mode = transaction\ndefault_pool_size = 6\nserver_reset_query_always = 1
server_reset_query = DISCARD ALL\nignore_startup_parameters = extra_float_digits\nunix_socket_dir =\n`,
  );
  const as = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (as.uid)
    for (const path of [folder, join(folder, 'users'), join(folder, 'pgbouncer.ini')])
      chownSync(path, as.uid, as.gid);
  const child: ChildProcess = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], {
    ...as,
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onFileEnd(async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return port;
}

test.runIf(binary)(
  'a pair is set up, copied, followed and compared through a transaction pooler',
  async () => {
    const { provider, subscriber } = await pair({ provider: 13, subscriber: 17 });
    const port = await startPooler(String(binary), [provider, subscriber]);
    const pooled = (database: TestDatabase) => ({ url: database.url, target: { ...database.target, port } });
    const shop = cascade(
      'shop',
      { old: pooled(provider), new: pooled(subscriber) },
      { copy: { chunkBytes: 65536 } },
    );
    await until('the pooler answers', () =>
      withClient({ ...provider.target, port }, 'test', (client) => client.query('select 1')).catch(
        () => undefined,
      ),
    );
    const it = { old: provider, new: subscriber, shop, both: async () => undefined };
    for (const database of [provider, subscriber])
      await database.client((client) =>
        client.query('create table item (id int primary key, name text unique)'),
      );
    await provider.client((client) =>
      client.query(`insert into item select i, 'item ' || i from generate_series(1, 5000) i`),
    );

    await install(shop.context('old'), {});
    await addTables(it, ['item']);
    await followUntilSynced(it);
    await provider.client((client) =>
      client.query(`update item set name = name || '!' where id % 2 = 0; delete from item where id % 3 = 0`),
    );
    await replayAll(it);
    await expectEqual(provider, subscriber, ['item']);
    const drive = () => replayAll(it);
    await drive();
    const { result } = await compare(shop.context('new'), compareInput.parse({}));
    expect(result.differences).toBe(0);
    // The next transaction on the same server connection does not see the settings of the one before.
    const leaked = await withClient({ ...subscriber.target, port }, 'test', (client) =>
      client.first(
        `select current_setting('pgtide.applying', true) as applying, current_setting('session_replication_role') as role`,
      ),
    );
    expect([undefined, null, '']).toContain(leaked?.applying);
    expect(leaked?.role).toBe('origin');
  },
);
