/**
 * remove-table: the root forgets a table. A leaf forgets it when its replay reaches that event, or at once. Rows stay;
 * sequences leave unless another table needs them.
 */
import { beforeAll, expect, test } from 'vitest';
import { listSequences } from '../../lib/membership/member-sequences.ts';
import { listTables } from '../../lib/membership/member-tables.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copy } from '../../lib/units/copy.ts';
import { type RemoveTableInput, removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { status } from '../../lib/units/status.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
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

const remove = async (input: Partial<RemoveTableInput>) =>
  (await removeTable(it.shop.context('old'), removeTableInput.parse(input))).result;

const left = async (side: 'old' | 'new') =>
  (await it[side].client((client) => listTables(client, 'shop')))
    .filter(({ local }) => local)
    .map(({ name }) => name)
    .sort();

test('a table that the queue does not have is named, and nothing changes', async () => {
  await expect(remove({ tables: ['one', 'nix'] })).rejects.toMatchObject({
    kind: 'not-found',
    message: 'there is no table public.nix in the queue',
  });
  expect(await left('old')).toHaveLength(3);
});

test('with now a removed table is no longer captured, and can be written on the leaf', async () => {
  await it.old.client((client) => client.query('insert into one default values'));
  const result = await remove({ tables: ['one'], now: true });
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
  await replayAll(it);
  const { result } = await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['one'] }));
  expect(result.tables).toEqual([{ name: 'public.one', state: 'new' }]);
});

test('a table that was dropped can be removed', async () => {
  await it.both('drop table three');
  expect((await remove({ tables: ['three'] })).tables).toEqual([{ name: 'public.three', state: 'leaving' }]);
  expect(await left('old')).not.toContain('public.three');
  await replayAll(it);
  expect(await left('new')).not.toContain('public.three');
});

test('all removes every table of the queue', async () => {
  const result = await remove({ all: true, now: true });
  expect(result.tables.map(({ name }) => name)).toEqual(['public.one', 'public.two']);
  expect(await left('old')).toEqual([]);
  expect(await left('new')).toEqual([]);
  const sequences = await it.new.client((client) => listSequences(client, 'shop'));
  expect(sequences.filter(({ local }) => local)).toEqual([]);
});

test('a leaf gets what was written before the removal, and nothing that was written after it', async () => {
  const pair = await installedPair();
  await pair.both('create table diary (id int primary key, line text)');
  await addTable(pair.shop.context('old'), addTableInput.parse({ tables: ['diary'] }));
  await followUntilSynced(pair);
  const write = (sql: string) => pair.old.client((client) => client.query(sql));
  await write(`insert into diary select g, 'before' from generate_series(1, 100) g`);
  const call = () => removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['diary'] }));
  expect((await call()).result.tables).toEqual([{ name: 'public.diary', state: 'leaving' }]);
  await write(`insert into diary values (101, 'after')`);
  const { result } = await status(pair.shop.context('old'), {});
  expect(result.healthy).toBe(true);
  expect(result.queues[0]?.nodes.flatMap(({ problems }) => problems)).toContainEqual({
    code: 'table-leaving',
    message: 'new still has public.diary, which old does not offer any more',
    remedy: expect.stringContaining('pgtide remove-table shop public.diary --now'),
  });
  expect((await call()).result.tables, 'the same again changes nothing').toEqual([
    { name: 'public.diary', state: 'leaving' },
  ]);
  await replayAll(pair);
  const lines = await pair.new.client((client) =>
    client.query('select line, count(*)::int from diary group by 1'),
  );
  expect(lines).toEqual([{ line: 'before', count: 100 }]);
  expect(await pair.new.client((client) => listTables(client, 'shop'))).toEqual([]);
  await pair.new.client((client) => client.query(`insert into diary values (101, 'mine')`));
});

test('a table that is locked by readers of the leaf blocks no other one, and is removed afterwards', async () => {
  const pair = await installedPair();
  await pair.both('create table held (id int primary key); create table free (id int primary key)');
  await addTable(pair.shop.context('old'), addTableInput.parse({ all: true }));
  await followUntilSynced(pair);
  await using reader = await pair.new.open();
  await reader.client.query('begin; select from held');
  await pair.old.client((client) => client.query('insert into held values (1)'));
  await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['held'] }));
  await pair.old.client((client) => client.query('insert into free values (1); insert into held values (2)'));
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['free']);
  const { result } = await status(pair.shop.context('old'), {});
  expect(result.queues[0]?.nodes.flatMap(({ problems }) => problems)).toContainEqual(
    expect.objectContaining({ code: 'table-leaving', message: expect.stringContaining('55P03') }),
  );
  await reader.client.query('rollback');
  await copy(pair.shop.context('new'));
  expect((await pair.new.client((client) => listTables(client, 'shop'))).map(({ name }) => name)).toEqual([
    'public.free',
  ]);
  await pair.new.client((client) => client.query('insert into held values (2)'));
});

test('a table that leaves and is offered again in one batch gets none of the later rows', async () => {
  const pair = await installedPair();
  await pair.both('create table again (id int primary key)');
  await addTable(pair.shop.context('old'), addTableInput.parse({ all: true }));
  await followUntilSynced(pair);
  await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['again'] }));
  await pair.old.client((client) =>
    client.query(
      `select londiste.local_add_table('shop', 'public.again', '{pgtide}'); insert into again values (5)`,
    ),
  );
  await replayAll(pair);
  expect(await pair.new.client((client) => client.query('select id from again'))).toEqual([]);
});

/** A leaf that a row of the provider does not fit. */
async function pairWithConflict(): Promise<InstalledPair> {
  const pair = await installedPair();
  await pair.both('create table d (id int primary key, pos int, constraint d_pos unique (pos))');
  await addTable(pair.shop.context('old'), addTableInput.parse({ tables: ['d'] }));
  await followUntilSynced(pair);
  await pair.old.client((client) =>
    client.query('alter table d drop constraint d_pos; insert into d values (1, 7), (2, 7), (3, 8)'),
  );
  return pair;
}

const removeD = async (pair: InstalledPair, now = false) =>
  (await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['d'], now }))).result.tables;

const problemsOf = async (pair: InstalledPair) =>
  (await status(pair.shop.context('old'), {})).result.queues.flatMap(({ nodes }) =>
    nodes.flatMap(({ problems }) => problems),
  );

test('a table whose last changes do not fit is not removed silently', async () => {
  const pair = await pairWithConflict();
  expect(await removeD(pair)).toEqual([{ name: 'public.d', state: 'leaving' }]);
  await replayAll(pair);
  const takeOut = expect.stringContaining('pgtide remove-table shop public.d --now');
  const problems = await problemsOf(pair);
  expect(problems).toContainEqual({
    code: 'table-error',
    message: expect.stringContaining('set aside'),
    remedy: takeOut,
  });
  expect(problems).toContainEqual({
    code: 'table-leaving',
    message: expect.stringContaining('it is set aside, and lacks changes'),
    remedy: takeOut,
  });
  await copy(pair.shop.context('new'));
  expect((await problemsOf(pair)).map(({ code }) => code)).toContain('table-error');
  expect(await removeD(pair, true)).toMatchObject([
    { state: 'removed', note: expect.stringContaining('new lacks changes') },
  ]);
  expect((await problemsOf(pair)).map(({ code }) => code)).not.toContain('table-error');
});

test('a table that is already set aside is removed at once, and the call says what it lacks', async () => {
  const pair = await pairWithConflict();
  await replayAll(pair);
  expect((await problemsOf(pair)).map(({ code }) => code)).toContain('table-error');
  expect(await removeD(pair)).toEqual([
    { name: 'public.d', state: 'removed', note: expect.stringMatching(/^new lacks changes: .*d_pos/) },
  ]);
  await replayAll(pair);
  expect((await problemsOf(pair)).map(({ code }) => code)).toEqual(['no-replica-role']);
});
