/** resync: a table is copied anew, as a new generation; others are left alone. */
import { beforeAll, expect, test } from 'vitest';
import { listTables } from '../../lib/node/table-set.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

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

test('a table waits for its copy again', async () => {
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

test('a table that is not in the queue is named, and nothing changes', async () => {
  await expect(run({ tables: ['nix'] })).rejects.toMatchObject({
    kind: 'not-found',
    remedy: 'the queue has: public.one, public.two',
  });
});

test('all means all', async () => {
  expect((await run({ all: true })).nodes[0]?.tables).toHaveLength(2);
});
