/** add-table: both sides or neither. All obstacles are reported at once, with remedies, and nothing is changed. */
import { beforeAll, expect, test } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { listTables } from '../../lib/membership/member-tables.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { createRole, type TestDatabase } from '../support/database.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';
import { additionsTo } from './additions.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair();
});

const { add, statesOn, addEvents } = additionsTo(() => it);

test('all obstacles are reported at once, and nothing is changed', async () => {
  await it.old.client((client) =>
    client.query(`create table good (id int primary key); create table absent (id int primary key);
      create table shape (id int primary key, extra text); create unlogged table lost (id int primary key)`),
  );
  await it.new.client((client) =>
    client.query(`create table good (id int primary key); create table shape (id int primary key);
      create table lost (id int primary key)`),
  );
  const before = await statesOn('old');
  const failed = await add(['good', 'absent', 'shape', 'lost']).catch((error: Error) => error);
  expect(failed).toMatchObject({ name: 'PgtideError' });
  const { message } = failed as Error;
  expect(message).toContain('new: no table public.absent, which old has');
  expect(message).toContain('new: public.shape has no column extra');
  expect(message).toContain('old: public.lost is unlogged');
  expect(message).not.toContain('public.good');
  expect(await statesOn('old')).toEqual(before);
  expect((await statesOn('new')).has('public.good')).toBe(false);
});

test('a table that --create makes is empty, so it cannot be in sync with one that holds rows', async () => {
  await it.old.client((client) =>
    client.query('create table there (id int primary key); insert into there values (1)'),
  );
  await expect(add(['there'], { create: true, expectSync: true })).rejects.toMatchObject({
    kind: 'state',
    message: "new: no table public.there, so it cannot be in sync with old's, which holds rows",
  });
});

test('rows on the leaf are refused without an option that says what they are', async () => {
  await it.both('create table full_one (id int primary key)');
  await it.new.client((client) => client.query('insert into full_one values (1)'));
  await expect(add(['full_one'])).rejects.toMatchObject({
    kind: 'state',
    message: 'new: public.full_one holds rows already',
    remedy: expect.stringContaining('--expect-sync'),
  });
  await add(['full_one'], { skipTruncate: true });
  const row = await it.new.client((client) =>
    client.first(`select table_attrs from londiste.table_info where table_name = 'public.full_one'`),
  );
  expect(row).toEqual({ table_attrs: 'skip_truncate=1' });
});

test('a table that does not exist is named', async () => {
  await expect(add(['nix'])).rejects.toMatchObject({
    kind: 'not-found',
    message: 'old: no table public.nix',
  });
});

test('inheritance is refused', async () => {
  await it.both('create table parent (id int primary key)');
  await it.old.client((client) => client.query('create table child () inherits (parent)'));
  await expect(add(['parent'])).rejects.toMatchObject({
    kind: 'schema',
    message: 'old: public.parent is related by INHERITS to public.child, which cannot be replicated',
  });
  await it.both('drop table parent cascade');
});

test('a lock that is not released is reported, with its holder, and nothing is changed', async () => {
  await it.both('create table busy (id int primary key)');
  await using writer = await it.old.open();
  await writer.client.query('begin; insert into busy values (1)');
  const pid = (await writer.client.first<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;
  const budget = new Budget(systemClock, 1_000);
  const context = it.shop.context('old', { budget });
  const failed = await addTable(context, addTableInput.parse({ tables: ['busy'] })).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ kind: 'busy', message: expect.stringContaining(`process ${pid} (`) });
  expect(await addEvents('public.busy')).toBe(0);
  expect((await statesOn('new')).has('public.busy')).toBe(false);
  await writer.client.query('rollback');
  await add(['busy']);
  expect((await statesOn('new')).get('public.busy')).toBe(null);
});

test('writers of another table of the queue, whose capture is out of date, do not block it', async () => {
  await it.both(
    'create table weeks (id int primary key) partition by range (id); create table calm (id int primary key)',
  );
  await add(['weeks']);
  await it.both('create table weeks_1 partition of weeks for values from (0) to (10)');
  await using writer = await it.old.open();
  await writer.client.query('begin; insert into weeks values (1)');
  expect((await add(['calm'])).tables).toEqual([{ name: 'public.calm', state: 'new' }]);
  await writer.client.query('rollback');
});

const OTHER = 'other_owner_of_added';

/** `statement` as a superuser, on each of these sides. */
const asSuperuser = async (sides: readonly TestDatabase[], statement: string) => {
  for (const side of sides) await side.superuser((client) => client.query(statement));
};

const refusal = (table: string) => add([table]).catch((error: unknown) => error);

test('rights on tables of another role are reported once, as the membership that gives them', async () => {
  const sides = [it.old, it.new];
  for (const side of sides) await createRole(side.server, OTHER);
  await asSuperuser(
    sides,
    `create schema guarded authorization ${OTHER}; set role ${OTHER};
     create table guarded.t (id serial primary key); reset role`,
  );
  const failed = await refusal('guarded.t');
  expect(failed).toMatchObject({ kind: 'privilege', remedy: `grant "${OTHER}" to "app"` });
  for (const node of ['old', 'new'])
    for (const lack of [
      'may not use the schema guarded',
      'lacks .* on guarded.t',
      'lacks .* guarded.t_id_seq',
    ])
      expect((failed as Error).message).toMatch(new RegExp(`${node}: role app ${lack}`));
  await asSuperuser(sides, (failed as { remedy: string }).remedy);
  expect((await add(['guarded.t'])).tables).toMatchObject([{ name: 'guarded.t', state: 'new' }]);
});

test('rights on tables of a superuser are reported with the GRANT', async () => {
  await asSuperuser([it.old], 'create schema vault; create table vault.t (id serial primary key)');
  await it.new.client((client) =>
    client.query('create schema vault; create table vault.t (id serial primary key)'),
  );
  const failed = await refusal('vault.t');
  expect(failed).toMatchObject({ kind: 'privilege' });
  const remedies = (failed as { remedy: string }).remedy.split('\n');
  expect(remedies).toEqual([
    'grant usage on schema "vault" to "app"',
    'grant select, trigger on "vault"."t" to "app"',
    'grant select on sequence "vault"."t_id_seq" to "app"',
  ]);
  await asSuperuser([it.old], remedies.join('; '));
  expect((await add(['vault.t'])).tables).toMatchObject([{ name: 'vault.t', state: 'new' }]);
});

test('rows that a policy may hide are refused', async () => {
  await it.both('create table hidden (id int primary key)');
  await it.old.client((client) =>
    client.query('alter table hidden enable row level security; alter table hidden force row level security'),
  );
  await expect(add(['hidden'])).rejects.toMatchObject({
    kind: 'privilege',
    message: 'old: row security hides rows of public.hidden from role app',
  });
});

test('two leaves are checked together: if one cannot add the table, neither does', async () => {
  const three = await installedPair();
  const third = (await installedPair()).old;
  const all = cascade('three', { a: three.old, b: three.new, c: third });
  const { install } = await import('../../lib/units/install.ts');
  await install(all.context('a'), {});
  await three.both('create table t (id int primary key)');
  await expect(addTable(all.context('a'), addTableInput.parse({ tables: ['t'] }))).rejects.toMatchObject({
    message: 'c: no table public.t, which a has',
  });
  expect(await three.new.client((client) => listTables(client, 'three'))).toEqual([]);
  await third.client((client) => client.query('create table t (id int primary key)'));
  const { result } = await addTable(all.context('a'), addTableInput.parse({ tables: ['t'] }));
  expect(result.tables).toEqual([{ name: 'public.t', state: 'new' }]);
  expect(await third.client((client) => listTables(client, 'three'))).toMatchObject([
    { name: 'public.t', local: true },
  ]);
});
