/**
 * Joins beside writers and replay, joins that end between the two sides, and calls at the same time: no change is lost, and
 * no table is stuck.
 */
import { expect, test } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { status } from '../../lib/units/status.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { add, captured, ddl, members, names, remove } from '../support/membership.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

test('a call with expect-sync that ends between the leaf and the root goes on, or is taken back', async () => {
  const pair = await installedPair();
  await pair.both('create table t (id int primary key); create table u (id int primary key)');
  await using writer = await pair.old.open();
  const interrupted = async (table: string) => {
    await writer.client.query(`begin; insert into ${table} values (1)`);
    const budget = new Budget(systemClock, 4_000);
    await expect(add(pair, { tables: [table], expectSync: true }, { budget })).rejects.toMatchObject({
      kind: 'busy',
    });
    await writer.client.query('rollback');
    expect(await members(pair, 'new')).toContain(table);
    expect(await members(pair, 'old')).not.toContain(table);
    const { queues } = (await status(pair.shop.context('old'), {})).result;
    expect(queues[0]?.nodes[1]?.problems).toContainEqual({
      code: 'table-not-added',
      message: `new has public.${table}, and old does not offer it yet: its changes are not captured`,
      remedy: expect.stringContaining('call it again'),
    });
  };
  await interrupted('t');
  // Another table's join in between does not make pgtide forget this one.
  await pair.both('create table other (id int primary key)');
  await add(pair, { tables: ['other'] });
  await add(pair, { tables: ['t'], expectSync: true });
  await pair.old.client((client) => client.query('insert into t values (2)'));
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['t']);

  await interrupted('u');
  expect((await remove(pair, { tables: ['u'] })).result.tables).toEqual([
    { name: 'public.u', state: 'removed' },
  ]);
  expect(await members(pair, 'new')).toEqual(['other', 't']);
  await pair.new.client((client) => client.query('insert into u values (1); truncate u'));
  await add(pair, { tables: ['u'] });
  await followUntilSynced(pair);
});

test('a table is not added again before a leaf has met its removal, whether or not the leaf knew it', async () => {
  const pair = await installedPair();
  await pair.both('create table t (id int primary key); insert into t values (1)');
  await pair.new.client((client) => client.query('truncate t'));
  await using holder = await pair.new.open();
  await holder.client.query('begin; lock table t in exclusive mode');
  const budget = new Budget(systemClock, 4_000);
  await expect(add(pair, { tables: ['t'] }, { budget })).rejects.toMatchObject({ kind: 'busy' });
  await holder.client.query('rollback');
  expect([await members(pair, 'old'), await members(pair, 'new')]).toEqual([['t'], []]);
  await remove(pair, { tables: ['t'] });
  await expect(add(pair, { tables: ['t'] })).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('public.t was removed, and the event'),
  });
  await replayAll(pair);
  await add(pair, { tables: ['t'] });
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, ['t']);
});

test('two calls at once add each table once, and remove each once', async () => {
  const pair = await installedPair();
  await pair.both(ddl);
  await Promise.all([add(pair, { all: true }), add(pair, { all: true })]);
  await followUntilSynced(pair);
  await Promise.all([remove(pair, { all: true }), remove(pair, { all: true })]);
  await replayAll(pair);
  expect([await members(pair, 'old'), await members(pair, 'new'), await captured(pair)]).toEqual([
    [],
    [],
    [],
  ]);
});
test('tables that are the same on both sides lose no change that is made while they join', async () => {
  const pair = await installedPair();
  await pair.both(`${ddl} ${names.map((name) => `insert into ${name} default values;`).join('')}`);
  let writing = true;
  await using writer = await pair.old.open();
  const writes = (async () => {
    for (let nr = 0; writing; nr++)
      await writer.client.query(`insert into ${names[nr % 20]} values (${1000 + nr})`);
  })();
  const replaying = (async () => {
    while (writing) await replayAll(pair);
  })();
  // The two sides differ in rows that are written before a table is captured, so these rows are written again afterwards.
  await add(pair, { all: true, expectSync: true });
  writing = false;
  await Promise.all([writes, replaying]);
  await pair.old.client((client) =>
    client.query(
      names
        .map(
          (name) => `insert into ${name} values (1)
    on conflict (id) do update set parent = null;`,
        )
        .join(''),
    ),
  );
  await replayAll(pair);
  expect(await members(pair, 'new')).toEqual(names);
  const missing = await Promise.all(
    names.map(async (name) => {
      const events = await pair.old.client((client) =>
        client.query<{ id: string }>(
          `select ev_data::json->>'id' as id from pgtide.stored_events() where ev_extra1 = 'public.${name}' and ev_type like '{"op":"INSERT"%'`,
        ),
      );
      const there = await pair.new.client((client) =>
        client.query<{ id: string }>(`select id::text from ${name}`),
      );
      const ids = new Set(there.map(({ id }) => id));
      return events.filter(({ id }) => !ids.has(id)).map(({ id }) => `${name} ${id}`);
    }),
  );
  expect(missing.flat(), 'captured, and not applied').toEqual([]);
});
