/**
 * A table that cannot be replicated does not stop the others: if --all or a pattern includes it, it is left out with the
 * reason. --exclude leaves out the tables that the user names. A table that is named by its own name is refused as before.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { compare, compareInput } from '../../lib/units/compare.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { followUntilSynced } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair({ provider: 14, subscriber: 17 });
});

const add = async (input: Partial<AddTableInput>) =>
  (await addTable(it.shop.context('old'), addTableInput.parse({ create: true, ...input }))).result.tables;

const INHERITS = (names: string) =>
  `related by INHERITS to ${names}: a statement on a parent changes rows of its children, whose triggers do not fire`;

describe('tables that cannot be replicated are left out, and the others go on', () => {
  beforeAll(() =>
    it.old.superuser((client) =>
      client.query(`
        create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw; set role app;
        create schema odd;
        create table odd.parent (id int primary key);
        create table odd.child (extra text) inherits (odd.parent);
        create table odd.grandchild () inherits (odd.child);
        create unlogged table odd.cache (id int primary key);
        create table odd.days (id int) partition by range (id);
        reset role;
        create foreign table odd.days_1 partition of odd.days for values from (0) to (9) server elsewhere;
        set role app;
        create table odd.fine (id int primary key, parent int references odd.parent, note text);
        insert into odd.parent values (1); insert into odd.fine values (1, 1, 'x')`),
    ),
  );

  const leftOut = [
    { name: 'odd.cache', state: 'skipped', note: 'unlogged: its rows do not outlive a crash' },
    { name: 'odd.child', state: 'skipped', note: INHERITS('odd.grandchild, odd.parent') },
    { name: 'odd.days', state: 'skipped', note: 'has partitions that are foreign tables: odd.days_1' },
    { name: 'odd.grandchild', state: 'skipped', note: INHERITS('odd.child') },
    { name: 'odd.parent', state: 'skipped', note: INHERITS('odd.child') },
  ];

  test('by --all, with a note on the key that refers to such a table', async () => {
    expect(await add({ all: true })).toEqual([
      {
        name: 'odd.fine',
        state: 'new',
        note: 'the foreign key fine_parent_fkey was not made: odd.parent does not follow',
      },
      ...leftOut,
    ]);
    await followUntilSynced(it);
    expect(await it.new.client((client) => client.query('select id, parent, note from odd.fine'))).toEqual([
      { id: 1, parent: 1, note: 'x' },
    ]);
  });

  test('by a pattern', async () => {
    expect(await add({ tables: ['odd.*'] })).toMatchObject([{ name: 'odd.fine', state: 'ok' }, ...leftOut]);
  });

  test('and refused if it is named', async () => {
    for (const name of ['odd.child', 'odd.parent'])
      await expect(add({ tables: [name, 'odd.f*'] })).rejects.toThrow(
        `old: ${name} is related by INHERITS to`,
      );
    await expect(add({ tables: ['odd.cache'] })).rejects.toThrow('old: odd.cache is unlogged');
    await expect(add({ tables: ['odd.days'] })).rejects.toThrow('has partitions that are foreign tables');
  });
});

describe('--exclude', () => {
  beforeAll(() =>
    it.old.client((client) =>
      client.query(`create schema big; create table big.a (id int primary key); create table big.a_log (id int primary key);
        create table big.b_log (id int primary key); create table big.z (id int primary key); create table public.other (id int primary key)`),
    ),
  );
  const all = { tables: [], all: true };

  test('leaves tables out of add-table', async () => {
    const names = (await add({ tables: ['big.*'], exclude: ['big.*_log', 'big.z'] })).map(({ name }) => name);
    expect(names).toEqual(['big.a']);
    expect((await add({ ...all, exclude: ['odd.*', 'other'] })).map(({ name }) => name)).toEqual([
      'big.a',
      'big.a_log',
      'big.b_log',
      'big.z',
    ]);
  });

  test('leaves tables out of compare and resync', async () => {
    await followUntilSynced(it);
    const compared = await compare(
      it.shop.context('old'),
      compareInput.parse({ exclude: ['odd.*', 'big.?_log'] }),
    );
    expect(compared.result.tables.map(({ name }) => name)).toEqual(['big.a', 'big.z']);
    const { result } = await resync(
      it.shop.context('old'),
      resyncInput.parse({ ...all, exclude: ['odd.fine'] }),
    );
    expect(result.nodes[0]?.tables.map(({ name }) => name)).toEqual([
      'big.a',
      'big.a_log',
      'big.b_log',
      'big.z',
    ]);
    await followUntilSynced(it);
  });

  test('does not let resync pass over events, as it does where all tables are copied again', async () => {
    await it.old.client((client) =>
      client.query(`select pgq.force_tick('shop'); select pgq.ticker('shop'); select pgq.register_consumer('shop', 'shop.new');
        update pgq.subscription set sub_last_tick = (select max(tick_id) from pgq.tick)
         where sub_consumer = (select co_id from pgq.consumer where co_name = 'shop.new')`),
    );
    const run = async (exclude: string[]) =>
      (await resync(it.shop.context('old'), resyncInput.parse({ ...all, exclude }))).result.nodes[0];
    expect(await run(['odd.fine'])).not.toHaveProperty('movedTo');
    expect(await run([])).toHaveProperty('movedTo');
    await followUntilSynced(it);
  });

  test('leaves tables out of remove-table', async () => {
    const input = removeTableInput.parse({ ...all, exclude: ['big.a', 'odd.*'] });
    const { result } = await removeTable(it.shop.context('old'), input);
    expect(result.tables.map(({ name }) => name)).toEqual(['big.a_log', 'big.b_log', 'big.z']);
  });

  test('that matches no table is an error, as is one that matches all', async () => {
    for (const run of [
      () => add({ tables: ['big.*'], exclude: ['big.a', 'big.nix*'] }),
      () => removeTable(it.shop.context('old'), removeTableInput.parse({ ...all, exclude: ['big.nix*'] })),
      () => resync(it.shop.context('old'), resyncInput.parse({ ...all, exclude: ['big.nix*'] })),
      () => compare(it.shop.context('old'), compareInput.parse({ exclude: ['big.nix*'] })),
    ])
      await expect(run()).rejects.toMatchObject({
        kind: 'not-found',
        message: expect.stringMatching(/exclude big\.nix\*: none of the tables .* is called so/),
      });
    await expect(add({ tables: ['big.*'], exclude: ['big.*'] })).rejects.toMatchObject({
      kind: 'input',
      message: expect.stringContaining('all tables that were meant are excluded'),
    });
  });
});
