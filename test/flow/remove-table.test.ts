/** remove-table: both sides forget a table, its rows stay, and its sequences go unless another table needs them. */
import { beforeAll, expect, test } from 'vitest';
import { listSequences } from '../../lib/node/sequence-set.ts';
import { listTables } from '../../lib/node/table-set.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair();
  await it.both(`create sequence shared;
    create table one (id serial primary key, n int default nextval('shared'));
    create table two (id int primary key default nextval('shared'));
    create table three (id int primary key)`);
  await addTable(it.shop.context('old'), addTableInput.parse({ all: true }));
});

const remove = async (input: { tables?: string[]; all?: boolean }) =>
  (await removeTable(it.shop.context('old'), removeTableInput.parse(input))).result;

const left = async (side: 'old' | 'new') =>
  (await it[side].client((client) => listTables(client, 'shop')))
    .filter(({ local }) => local)
    .map(({ name }) => name)
    .sort();

/** What replay does when it comes to the events of a removal. */
const replayRemoval = (table: string, sequence: string) =>
  it.new.client((client) =>
    client.query(
      `select ret_code from londiste.global_remove_table('shop', $1)
       union all select ret_code from londiste.global_remove_seq('shop', $2)`,
      [table, sequence],
    ),
  );

test('a table that the queue does not have is named, and nothing changes', async () => {
  await expect(remove({ tables: ['one', 'nix'] })).rejects.toMatchObject({
    kind: 'not-found',
    message: 'there is no table public.nix in the queue',
  });
  expect(await left('old')).toHaveLength(3);
});

test('a removed table is captured no more, and may be written on the leaf', async () => {
  await it.old.client((client) => client.query('insert into one default values'));
  const result = await remove({ tables: ['one'] });
  expect(result).toEqual({
    tables: [{ name: 'public.one', state: 'removed' }],
    sequences: ['public.one_id_seq'],
  });
  for (const side of ['old', 'new'] as const) {
    expect(await left(side)).toEqual(['public.three', 'public.two']);
    const triggers = await it[side].client((client) =>
      client.query(`select from pg_trigger where tgrelid = 'one'::regclass`),
    );
    expect(triggers).toEqual([]);
  }
  await it.new.client((client) => client.query('insert into one default values'));
  const rows = await it.old.client((client) => client.query('select id from one'));
  expect(rows).toEqual([{ id: 1 }]);
});

test('a sequence that another table needs stays', async () => {
  for (const side of ['old', 'new'] as const) {
    const sequences = await it[side].client((client) => listSequences(client, 'shop'));
    const local = sequences.filter((sequence) => sequence.local);
    expect(local.map(({ name }) => name)).toEqual(['public.shared']);
  }
});

test('a removed table cannot be added again before the leaf has replayed its removal, which would undo it', async () => {
  await it.new.client((client) => client.query('truncate one'));
  const again = addTable(it.shop.context('old'), addTableInput.parse({ tables: ['one'] }));
  await expect(again).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('public.one was removed, and the event'),
  });
});

test('a removed table can be added again', async () => {
  await replayRemoval('public.one', 'public.one_id_seq');
  const { result } = await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['one'] }));
  expect(result.tables).toEqual([{ name: 'public.one', state: 'new' }]);
});

test('a table that was dropped can be removed', async () => {
  await it.both('drop table three');
  expect((await remove({ tables: ['three'] })).tables).toEqual([{ name: 'public.three', state: 'removed' }]);
});

test('all empties the queue', async () => {
  const result = await remove({ all: true });
  expect(result.tables.map(({ name }) => name)).toEqual(['public.one', 'public.two']);
  expect(await left('old')).toEqual([]);
  expect(await left('new')).toEqual([]);
  const sequences = await it.new.client((client) => listSequences(client, 'shop'));
  expect(sequences.filter(({ local }) => local)).toEqual([]);
});
