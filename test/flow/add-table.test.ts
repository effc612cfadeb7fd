/** add-table: the root captures the table from then on, and it waits for its copy on the leaf, unless both sides hold the same rows. */
import { beforeAll, expect, test } from 'vitest';
import { listSequences } from '../../lib/membership/member-sequences.ts';
import type { ProgressEvent } from '../../lib/unit-context/context.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { additionsTo } from './additions.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair();
});

const { add, statesOn, addEvents } = additionsTo(() => it);

test('a table is captured on the root, and waits for its copy on the leaf', async () => {
  await it.both('create table orders (id serial primary key, note text)');
  const result = await add(['orders']);
  expect(result).toEqual({
    tables: [{ name: 'public.orders', state: 'new' }],
    sequences: ['public.orders_id_seq'],
  });
  expect((await statesOn('old')).get('public.orders')).toBe('ok');
  expect((await statesOn('new')).get('public.orders')).toBe(null);
  expect(await addEvents('public.orders')).toBe(1);
  await it.old.client((client) => client.query(`insert into orders (note) values ('first')`));
  const events = await it.old.client((client) =>
    client.query(
      `select ev_data::jsonb->>'note' as note from pgtide.stored_events() where ev_extra1 = 'public.orders'`,
    ),
  );
  expect(events).toEqual([{ note: 'first' }]);
});

test('the sequence of a column follows, ahead of the root', async () => {
  const [sequence] = await it.new.client((client) => listSequences(client, 'shop'));
  expect(sequence).toMatchObject({ name: 'public.orders_id_seq', local: true });
  const next = await it.new.client((client) => client.first(`select nextval('orders_id_seq') as value`));
  expect(Number(next?.value)).toBeGreaterThan(1000);
});

test('a leaf refuses writes by others from then on', async () => {
  await expect(
    it.new.client((client) => client.query(`insert into orders (note) values ('mine')`)),
  ).rejects.toThrow(/not allowed/);
});

test('a table that is in the queue already is not an error, and is reported', async () => {
  const result = await add(['orders']);
  expect(result.tables).toEqual([{ name: 'public.orders', state: 'new', note: 'was in the queue already' }]);
  expect(await addEvents('public.orders')).toBe(1);
});

test('add-table restores a trigger that was dropped or disabled', async () => {
  const problems = () =>
    it.old.client((client) =>
      client.query(
        `select distinct code from pgtide.capture_problems('shop') where table_name = 'public.orders'`,
      ),
    );
  const names = await it.old.client((client) =>
    client.query<{ name: string }>(
      `select tgname as name from pg_trigger where tgrelid = 'orders'::regclass and not tgisinternal order by 1`,
    ),
  );
  await it.old.client((client) => client.query(`drop trigger "${names[0]?.name}" on orders`));
  await it.old.client((client) => client.query(`alter table orders disable trigger "${names[1]?.name}"`));
  expect(await problems()).not.toEqual([]);
  await add(['orders']);
  expect(await problems()).toEqual([]);
});

test('expect-sync makes a table ok at once, and events whose changes its rows hold are not applied', async () => {
  await it.both(
    `create table rates (code text primary key, rate numeric); insert into rates values ('EUR', 1)`,
  );
  const result = await add(['rates'], { expectSync: true });
  expect(result.tables).toEqual([{ name: 'public.rates', state: 'ok' }]);
  expect((await statesOn('new')).get('public.rates')).toBe('ok');
  const there = await it.new.client((client) =>
    client.first<{ snapshot: string }>(
      `select custom_snapshot as snapshot from londiste.table_info where table_name = 'public.rates'`,
    ),
  );
  await it.old.client((client) => client.query(`insert into rates values ('USD', 2)`));
  const seen = await it.old.client((client) =>
    client.query(
      `select txid_visible_in_snapshot(ev_txid, $1::txid_snapshot) as seen
         from pgtide.stored_events() where ev_extra1 = 'public.rates'`,
      [there?.snapshot],
    ),
  );
  expect(seen).toEqual([{ seen: false }]);
});

test('a table without a key is added, with a note', async () => {
  await it.both('create table log (line text)');
  const [log] = (await add(['log'])).tables;
  expect(log?.note).toMatch(/^no key: /);
});

test('names that need quotes, and globs', async () => {
  await it.both('create schema "My shop"; create table "My shop"."a ""b"".c" (id int primary key)');
  await it.both('create table g_1 (id int primary key); create table g_2 (id int primary key)');
  const result = await add(['My shop.*', 'g_?']);
  expect(result.tables.map(({ name }) => name)).toEqual(['My shop.a "b".c', 'public.g_1', 'public.g_2']);
});

test('--create makes tables that the leaf lacks', async () => {
  await it.old.client((client) =>
    client.query(`create type mood as enum ('good', 'bad');
      create table made (id bigint generated always as identity primary key, mood mood not null)`),
  );
  const result = await add(['made'], { create: true });
  expect(result).toMatchObject({
    tables: [{ name: 'public.made', state: 'new' }],
    sequences: ['public.made_id_seq'],
  });
  const columns = await it.new.client((client) =>
    client.query(
      `select attname from pg_attribute where attrelid = 'made'::regclass and attnum > 0 order by attnum`,
    ),
  );
  expect(columns).toEqual([{ attname: 'id' }, { attname: 'mood' }]);
});

test('progress counts the tables that are made, and then those that are added', async () => {
  await it.old.client((client) =>
    client.query('create table seen_1 (id int primary key); create table seen_2 (id int primary key)'),
  );
  const seen: ProgressEvent[] = [];
  await addTable(
    it.shop.context('old', { progress: (event) => seen.push(event) }),
    addTableInput.parse({ tables: ['seen_?'], create: true }),
  );
  const steps = ['create new', 'add old', 'add new'];
  expect(
    seen.map((event) =>
      'tables' in event ? `${event.step} ${event.node} ${event.tables}/${event.totalTables}` : '',
    ),
  ).toEqual(steps.flatMap((step) => [`${step} 1/2`, `${step} 2/2`]));
});

test('a partitioned table comes with its partitions', async () => {
  await it.both(`create table days (day date primary key, v int) partition by range (day);
    create table days_1 partition of days for values from ('2020-01-01') to ('2021-01-01')`);
  expect((await add(['days'])).tables).toMatchObject([{ name: 'public.days' }]);
  await expect(add(['days_1'])).rejects.toMatchObject({
    message: 'old: public.days_1 is a partition of public.days',
  });
});
