/** resync copies a table again, as a new generation, and leaves other tables alone. */
import { beforeAll, expect, test } from 'vitest';
import { listTables } from '../../lib/membership/member-tables.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { compare } from '../../lib/units/compare.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair();
  await it.both('create table one (id int primary key); create table two (id int primary key)');
  await addTable(it.shop.context('old'), addTableInput.parse({ all: true, expectSync: true }));
});

const run = async (input: { tables?: string[]; all?: boolean }) =>
  (await resync(it.shop.context('old'), resyncInput.parse(input))).result;

const states = async () =>
  (await it.new.client((client) => listTables(client, 'shop'))).map((t) => [t.name, t.mergeState]);

test('a table is put back to be copied', async () => {
  const result = await run({ tables: ['one'] });
  expect(result).toEqual({ nodes: [{ name: 'new', tables: [{ name: 'public.one', state: 'new' }] }] });
  expect(await states()).toEqual([
    ['public.one', null],
    ['public.two', 'ok'],
  ]);
});

test('an error that a table was set aside with is cleared', async () => {
  await it.new.client((client) =>
    client.query(
      `insert into pgtide.table_state (queue_name, table_name, error) values ('shop', 'public.two', 'broken')
         on conflict (queue_name, table_name) do update set error = excluded.error`,
    ),
  );
  await run({ tables: ['two'] });
  const row = await it.new.client((client) =>
    client.first(`select error from pgtide.table_state where table_name = 'public.two'`),
  );
  expect(row).toEqual({ error: null });
});

test('a table that was added to keep its rows is emptied now', async () => {
  await it.new.client((client) =>
    client.query(
      `update londiste.table_info set table_attrs = 'expect_sync=1&skip_truncate=1' where table_name = 'public.two'`,
    ),
  );
  await run({ tables: ['two'] });
  const row = await it.new.client((client) =>
    client.first(`select table_attrs as attrs from londiste.table_info where table_name = 'public.two'`),
  );
  expect(row).toEqual({ attrs: 'expect_sync=1' });
});

test('a table that is not in the queue is named, and nothing changes', async () => {
  await expect(run({ tables: ['nix'] })).rejects.toMatchObject({
    kind: 'not-found',
    remedy: 'the queue has: public.one, public.two',
  });
});

test('two nodes that are one database are refused, and not found equal', async () => {
  const same = cascade('shop', {
    old: it.old,
    new: { url: it.old.url.replace('127.0.0.1', 'localhost'), target: it.old.target },
  });
  const refused = { kind: 'input', message: 'old and new are the same database' };
  await expect(resync(same.context('old'), resyncInput.parse({ all: true }))).rejects.toMatchObject(refused);
  await expect(compare(same.context('old'), {})).rejects.toMatchObject(refused);
});

test('all resyncs every table', async () => {
  expect((await run({ all: true })).nodes[0]?.tables).toHaveLength(2);
});

test('a position that was lost is repaired when all is copied again, and left alone otherwise', async () => {
  const position = () =>
    it.new.client((client) => client.first(`select last_tick_id as tick from pgq_node.local_state`));
  await it.old.client((client) =>
    client.query(`select pgq.force_tick('shop'); select pgq.ticker('shop'); select pgq.register_consumer('shop', 'shop.new');
      update pgq.subscription set sub_last_tick = (select max(tick_id) from pgq.tick)
       where sub_consumer = (select co_id from pgq.consumer where co_name = 'shop.new')`),
  );
  const before = await position();
  await run({ tables: ['one'] });
  expect(await position()).toEqual(before);
  const { nodes } = await run({ all: true });
  expect(nodes[0]?.movedTo).toBeGreaterThan(Number(before?.tick));
  expect(await position()).toEqual({ tick: BigInt(nodes[0]?.movedTo ?? 0) });
  expect((await run({ all: true })).nodes[0]).not.toHaveProperty('movedTo');
});

test('what slices before the new position took too long for is forgotten', async () => {
  await it.new.client((client) =>
    client.query(
      `insert into pgtide.replay_state as r (queue_name, consumer_name, attempt_events, attempts_alone, attempt_note)
         select queue_name, consumer_name, 1, 2, 'x' from pgq_node.local_state
       on conflict (queue_name, consumer_name) do update set attempt_events = 1, attempts_alone = 2, attempt_note = 'x'`,
    ),
  );
  await run({ all: true });
  const attempt = await it.new.client((client) =>
    client.query(
      'select attempt_events as events, attempts_alone as alone, attempt_note as note from pgtide.replay_state',
    ),
  );
  expect(attempt).toEqual([{ events: null, alone: 0, note: null }]);
});

test('a leaf that the root has forgotten is subscribed again', async () => {
  await it.old.client((client) =>
    client.query(`select * from pgq_node.unregister_subscriber('shop', 'new')`),
  );
  const { nodes } = await run({ all: true });
  const consumer = await it.old.client((client) =>
    client.first(`select last_tick as tick from pgq.get_consumer_info('shop', 'shop.new')`),
  );
  expect(consumer).toEqual({ tick: BigInt(nodes[0]?.movedTo ?? 0) });
});
