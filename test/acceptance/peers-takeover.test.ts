/**
 * C1, C2: Londiste's takeover, takeover --dead-root, execute and change-handler, between databases that have only our SQL:
 * tick ids and event ids continue, and no event is lost. Needs Debian's pgqd and python3-londiste; skipped, with a message,
 * if they are missing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { LondisteNodes, PATIENCE_MS } from '../support/londiste.ts';
import { peersAreMissing } from '../support/peers.ts';
import { stateOf } from '../support/queue.ts';

describe.skipIf(peersAreMissing())('Londiste, on our SQL', { timeout: 3 * PATIENCE_MS }, () => {
  const all = ['a', 'b', 'c'];
  let nodes: LondisteNodes;
  beforeAll(async () => {
    nodes = new LondisteNodes();
    for (const name of all) {
      await nodes.createDatabase(name, 'create table orders (id serial primary key, note text)');
      nodes.configure(name, name, 'shop');
    }
    const at = (name: string) => nodes.connectString(name);
    await nodes.run('a', 'create-root', 'a', at('a'));
    await nodes.run('b', 'create-branch', 'b', at('b'), `--provider=${at('a')}`);
    await nodes.run('c', 'create-leaf', 'c', at('c'), `--provider=${at('b')}`);
    await nodes.tickOften('a', 'b');
    nodes.startPgqd('a', 'b');
    nodes.startWorkers(...all);
    for (const name of all) await nodes.run(name, 'add-table', 'orders');
    await nodes.ok('c', 'public.orders');
    await nodes.ok('b', 'public.orders');
  }, 4 * PATIENCE_MS);

  const orders = 'select * from orders order by id';
  const add = (name: string, note: string) =>
    nodes.query(name, 'insert into orders (note) values ($1)', [note]);
  /** The events of orders that two nodes have, in order. */
  const events = `select ev_id::text, ev_type, ev_data from pgq.event_1 where ev_extra1 = 'public.orders' order by ev_id`;
  const ticks = (name: string) =>
    nodes.query<{ id: number }>(name, 'select tick_id::int as id from pgq.tick order by 1');

  test('a script runs once on each node, on the root first', async () => {
    const script = nodes.script('add-column.sql', `alter table orders add column paid int default 7;`);
    await nodes.run('a', 'execute', script);
    await add('a', 'after the script');
    expect(await nodes.equal(all, orders)).toMatchObject([{ note: 'after the script', paid: 7 }]);
    for (const name of all)
      expect(await nodes.query(name, 'select execute_file from londiste.applied_execute')).toEqual([
        { execute_file: 'add-column.sql' },
      ]);
    expect(await nodes.run('a', 'execute', script)).toContain('Skipping execution');
  });

  test('a table gets another handler', async () => {
    expect(await nodes.run('c', 'change-handler', 'orders', '--handler=fake_local')).toContain(
      'Table handler updated with no triggers',
    );
    expect(await nodes.run('c', 'tables')).toMatch(/public\.orders +ok .*fake_local/);
    expect(await nodes.run('c', 'change-handler', 'orders')).toContain('Handler changed');
    expect(await nodes.run('c', 'tables')).not.toMatch(/fake_local|no_triggers/);
    expect((await stateOf(add('c', 'x')))?.[1]).toMatch(/change not allowed/);
    await add('a', 'after the handler');
    await nodes.equal(all, orders);
  });

  test('after a takeover of the root, ticks, ids and the order of events go on, and no change is lost', async () => {
    let written = 0;
    let refused: string | undefined;
    const writing = (async () => {
      for (; refused === undefined; written += 1)
        refused = (await stateOf(add('a', `switch ${written}`)))?.[1];
    })();
    await nodes.run('b', 'takeover', 'a');
    await writing;
    expect(refused).toBe('Insert into queue disallowed');
    const before = await nodes.equal(all, orders);
    expect(before.filter((row) => /^switch/.test((row as { note: string }).note))).toHaveLength(written - 1);
    await nodes.equal(['a', 'b'], events);

    await nodes.query('b', `select setval('orders_id_seq', 10000)`);
    await add('b', 'on the new root');
    await nodes.query('b', `update orders set note = note || '!' where id = 1`);
    const after = await nodes.equal(all, orders);
    expect(after).toHaveLength(before.length + 1);
    const got = (await nodes.equal(['a', 'b'], events)) as { ev_type: string }[];
    expect(got.map(({ ev_type }) => ev_type.replace(/\{"op":"(.).*/, '$1')[0]).join('')).toMatch(/^I+IU$/);
    const [old, now] = [await ticks('a'), await ticks('b')].map((list) => list.map(({ id }) => id));
    const both = (now ?? []).filter((id) => id >= (old?.[0] ?? 0) && id <= (old?.at(-1) ?? 0));
    expect(both).toEqual(old?.filter((id) => id >= (both[0] ?? 0)));
    expect(both.length).toBeGreaterThan(3);
    expect(await nodes.run('b', 'status')).toMatch(/^b \(root\)[\s\S]*a \(branch\)[\s\S]*c \(leaf\)/m);
    expect(await stateOf(add('a', 'x'))).toMatchObject([expect.anything(), 'Insert into queue disallowed']);
  });

  test('one of the remaining nodes takes over a dead root', async () => {
    await nodes.query('b', `update pgq.queue set queue_ticker_paused = true`);
    await nodes.equal(
      all,
      `select max(last_tick)::text from (
      select last_tick_id as last_tick from pgq.get_queue_info() union all select completed_tick from pgq_node.get_worker_state('shop')) t`,
    );
    await nodes.kill('b');
    await nodes.run('a', 'takeover', 'b', '--dead-root');
    await nodes.query('a', `select setval('orders_id_seq', 20000)`);
    const before = await nodes.query('a', orders);
    await add('a', 'without b');
    expect(await nodes.equal(['a', 'c'], orders)).toHaveLength(before.length + 1);
    expect(await nodes.run('a', 'node-status')).toMatch(/root/);
    const ids = await nodes.query<{ ev_id: string }>('a', events);
    expect(new Set(ids.map(({ ev_id }) => ev_id)).size).toBe(ids.length);
    expect(ids.at(-1)).toMatchObject({ ev_data: expect.stringContaining('without+b') });
  });
});
