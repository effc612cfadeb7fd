/**
 * C1, C2: Londiste itself, with databases that have only our SQL: it makes the nodes, copies a table, follows what our capture
 * writes, compares, and its status is right. Needs Debian's pgqd and python3-londiste; skipped, and said so, where they are missing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { install } from '../../lib/install/install.ts';
import { allowReplicaMode, createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  connectString,
  folderForFile,
  missingPrograms,
  runPeer,
  startPeer,
  startPgqd,
  writeIni,
} from '../support/peers.ts';
import { until } from '../support/until.ts';

const missing = missingPrograms();
if (missing.length > 0)
  console.log(
    `skipped: Londiste's programs (test/support/install-peers.sh would bring ${missing.join(', ')})`,
  );

/** Its copy waits for ticks, and between its steps. */
const PATIENCE_MS = 120_000;

describe.skipIf(missing.length > 0)('Londiste, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  const nodes: Record<string, { db: TestDatabase; ini: string }> = {};
  const node = (name: string) => {
    const found = nodes[name];
    if (!found) throw new Error(`no node ${name}`);
    return found;
  };

  beforeAll(async () => {
    const folder = folderForFile();
    const server = await postgres(15);
    for (const name of ['root', 'leaf']) {
      const db = await createDatabase(server, { owner: 'replicator' });
      // Londiste's workers apply rows as a replica, on the root too.
      await allowReplicaMode(server, 'replicator');
      await db.client(async (client) => {
        await install(client);
        await client.query('create table orders (id serial primary key, note text)');
      });
      const ini = writeIni(folder, name, 'londiste', {
        job_name: `${name}_worker`,
        db: connectString(db),
        queue_name: 'shop',
        loop_delay: 0.1,
      });
      nodes[name] = { db, ini };
    }
    const [root, leaf] = [node('root').db, node('leaf').db];
    await londiste('root', 'create-root', 'root', connectString(root));
    await londiste('leaf', 'create-leaf', 'leaf', connectString(leaf), `--provider=${connectString(root)}`);
    await root.client((client) =>
      client.query(`select pgq.set_queue_config('shop', 'ticker_max_lag', '0.1 s'),
        pgq.set_queue_config('shop', 'ticker_idle_period', '0.2 s')`),
    );
    startPgqd(folder, [root]);
    for (const { ini } of Object.values(nodes)) startPeer('londiste', ['-q', ini, 'worker']);
  });

  async function londiste(name: string, ...words: string[]): Promise<string> {
    const { status, out, err } = await runPeer('londiste', [node(name).ini, ...words]);
    expect([status, err].join(': ')).toMatch(/^0: /);
    expect(err).not.toMatch(/ERROR|Traceback/);
    return out + err;
  }

  const rows = (name: string) =>
    node(name).db.client((client) => client.query('select id, note from orders order by id'));
  const change = (sql: string) => node('root').db.client((client) => client.query(sql));
  const inStep = () =>
    until(
      'both are equal',
      async () => {
        const [there, here] = await Promise.all([rows('root'), rows('leaf')]);
        return JSON.stringify(there) === JSON.stringify(here);
      },
      PATIENCE_MS,
    );

  test('it copies and follows, in every step of a table', async () => {
    await change(`insert into orders (note) select 'copied ' || i from generate_series(1, 100) i`);
    expect(await londiste('root', 'missing')).toMatch(/^r +public\.orders$/m);
    await londiste('root', 'add-table', 'orders');
    await londiste('root', 'add-seq', 'orders_id_seq');
    expect(await londiste('root', 'tables')).toMatch(/^public\.orders +ok /m);
    await londiste('leaf', 'add-table', 'orders');
    await londiste('leaf', 'add-seq', 'orders_id_seq');
    await change(`update orders set note = 'changed' where id % 2 = 0`);
    await until('the table is ok', async () =>
      /^public\.orders +ok /m.test(await londiste('leaf', 'tables')),
    );
    await inStep();
    await change(`insert into orders (note) values ('it''s "new"\\ \t' || chr(10)), (null)`);
    await change(`update orders set id = 1000 where id = 1`);
    await change('delete from orders where id = 2');
    await inStep();
    await change(
      `begin; create temp table kept as table orders; truncate orders; insert into orders table kept; commit`,
    );
    await inStep();
    expect(await londiste('leaf', 'compare', 'orders')).toMatch(/srcdb.*101 rows.*\n.*dstdb.*101 rows/s);
    expect(await londiste('leaf', 'seqs')).toMatch(/^public\.orders_id_seq +True +\d{5}/m);
  });

  test('its status and that of a node are right', async () => {
    const status = await londiste('leaf', 'status');
    expect(status).toMatch(/^root \(root\)\n(.*\n)? +\| +Tables: 1\/0\/0\n +\| +Lag: \d+s, Tick: \d+\n/m);
    expect(status).toMatch(/\+--: leaf \(leaf\)\n +Tables: 1\/0\/0\n +Lag: \d+s, Tick: \d+$/m);
    expect(await londiste('root', 'node-status')).toMatch(/Subscribers: leaf/);
    expect(await londiste('root', 'members')).toMatch(/^leaf +False +host=/m);
  });

  test('a paused node stands still, and goes on', async () => {
    await londiste('leaf', 'pause');
    expect(await londiste('leaf', 'status')).toMatch(/leaf \(leaf\)[^+]*PAUSED/);
    await change(`insert into orders (note) values ('meanwhile')`);
    await londiste('leaf', 'resume');
    await inStep();
  });

  test('a table leaves, and the node', async () => {
    await londiste('leaf', 'remove-table', 'orders');
    await londiste('root', 'remove-table', 'orders');
    expect(await londiste('root', 'tables')).not.toContain('public.orders');
    expect(
      await change(`select 1 from pg_trigger where tgrelid = 'orders'::regclass and not tgisinternal`),
    ).toEqual([]);
    await londiste('root', 'drop-node', 'leaf');
    expect(await londiste('root', 'members')).not.toMatch(/^leaf /m);
  });
});
