/**
 * C1, C2: Londiste itself, with databases that have only our SQL. It creates the nodes, copies a table, follows the events
 * of our capture and compares, and its status is right. Needs Debian's pgqd and python3-londiste; skipped, with a message,
 * if they are missing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { LondisteNodes, PATIENCE_MS } from '../support/londiste.ts';
import { peersAreMissing } from '../support/peers.ts';

describe.skipIf(peersAreMissing())('Londiste, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  let nodes: LondisteNodes;
  beforeAll(async () => {
    nodes = new LondisteNodes();
    for (const name of ['root', 'leaf']) {
      await nodes.createDatabase(name, 'create table orders (id serial primary key, note text)');
      nodes.configure(name, name, 'shop');
    }
    const [root, leaf] = [nodes.connectString('root'), nodes.connectString('leaf')];
    await nodes.run('root', 'create-root', 'root', root);
    await nodes.run('leaf', 'create-leaf', 'leaf', leaf, `--provider=${root}`);
    await nodes.tickOften('root');
    nodes.startPgqd('root');
    nodes.startWorkers('root', 'leaf');
  });

  const change = (sql: string) => nodes.query('root', sql);
  const inStep = () => nodes.equal(['root', 'leaf'], 'select id, note from orders order by id');

  test('it copies and follows, in every step of a table', async () => {
    await change(`insert into orders (note) select 'copied ' || i from generate_series(1, 100) i`);
    expect(await nodes.run('root', 'missing')).toMatch(/^r +public\.orders$/m);
    await nodes.run('root', 'add-table', 'orders');
    await nodes.run('root', 'add-seq', 'orders_id_seq');
    expect(await nodes.run('root', 'tables')).toMatch(/^public\.orders +ok /m);
    await nodes.run('leaf', 'add-table', 'orders');
    await nodes.run('leaf', 'add-seq', 'orders_id_seq');
    await change(`update orders set note = 'changed' where id % 2 = 0`);
    await nodes.ok('leaf', 'public.orders');
    await inStep();
    await change(`insert into orders (note) values ('it''s "new"\\ \t' || chr(10)), (null)`);
    await change(`update orders set id = 1000 where id = 1`);
    await change('delete from orders where id = 2');
    await inStep();
    await change(
      `begin; create temp table kept as table orders; truncate orders; insert into orders table kept; commit`,
    );
    await inStep();
    expect(await nodes.run('leaf', 'compare', 'orders')).toMatch(/srcdb.*101 rows.*\n.*dstdb.*101 rows/s);
    expect(await nodes.run('leaf', 'seqs')).toMatch(/^public\.orders_id_seq +True +\d{5}/m);
  });

  test('its status and that of a node are right', async () => {
    const status = await nodes.run('leaf', 'status');
    expect(status).toMatch(/^root \(root\)\n(.*\n)? +\| +Tables: 1\/0\/0\n +\| +Lag: \d+s, Tick: \d+\n/m);
    expect(status).toMatch(/\+--: leaf \(leaf\)\n +Tables: 1\/0\/0\n +Lag: \d+s, Tick: \d+$/m);
    expect(await nodes.run('root', 'node-status')).toMatch(/Subscribers: leaf/);
    expect(await nodes.run('root', 'members')).toMatch(/^leaf +False +host=/m);
  });

  test('a paused node stops, and goes on when resumed', async () => {
    await nodes.run('leaf', 'pause');
    expect(await nodes.run('leaf', 'status')).toMatch(/leaf \(leaf\)[^+]*PAUSED/);
    await change(`insert into orders (note) values ('meanwhile')`);
    await nodes.run('leaf', 'resume');
    await inStep();
  });

  test('a table and the node are removed', async () => {
    await nodes.run('leaf', 'remove-table', 'orders');
    await nodes.run('root', 'remove-table', 'orders');
    expect(await nodes.run('root', 'tables')).not.toContain('public.orders');
    expect(
      await change(`select 1 from pg_trigger where tgrelid = 'orders'::regclass and not tgisinternal`),
    ).toEqual([]);
    await nodes.run('root', 'drop-node', 'leaf');
    expect(await nodes.run('root', 'members')).not.toMatch(/^leaf /m);
  });
});
