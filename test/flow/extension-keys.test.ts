/**
 * Keys whose operators have unusual places in the catalog: keys of types from extensions, and keys of ranges that do not
 * overlap.
 */
import { expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

const tables = ['word', 'pair', 'code', 'bag', 'path'];

it.each([
  { provider: 10, subscriber: 17 },
  { provider: 18, subscriber: 14 },
])('from PostgreSQL $provider to $subscriber', async (versions) => {
  const pair = await installedPair(versions, { copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } });
  for (const database of [pair.old, pair.new])
    await database.superuser((client) =>
      client.query(`create schema ext; grant usage on schema ext to public;
        create extension citext schema ext; create extension hstore schema ext; create extension ltree schema ext`),
    );
  const write = (sql: string) =>
    pair.old.client((client) => client.query(`set search_path = public, ext; ${sql}`));
  await pair.both(`set search_path = public, ext; create domain "Code" as citext;
    create table word (k citext primary key, v int, pad text);
    create table pair (n int, k citext, v int, pad text, primary key (n, k));
    create table code (k "Code" primary key, v int, pad text);
    create table bag (k hstore primary key, v int, pad text);
    create table path (k ltree primary key, v int, pad text)`);
  // Upper and lower case alternate: the order of citext is not that of text.
  const mixed = `case when i % 2 = 0 then upper(md5(i::text)) else md5(i::text) end`;
  const keys: Record<string, string> = {
    word: mixed,
    pair: `i % 3, ${mixed}`,
    code: mixed,
    bag: `('i=>' || i)::hstore`,
    path: `('a.' || chr(97 + i % 26) || '.b' || i)::ltree`,
  };
  for (const [table, key] of Object.entries(keys))
    await write(
      `insert into ${table} select ${key}, i, repeat('x', 900) from generate_series(1, 500) i; analyze ${table}`,
    );
  await addTables(pair, tables);
  const change = (round: number) =>
    write(
      tables
        .map((table) => {
          const other = table === 'bag' ? `k || 'r=>1'` : table === 'path' ? `k || 'r'` : 'upper(k)';
          return `update ${table} set v = -v where v % 7 = ${round}; update ${table} set k = ${other} where v % 11 = ${round};
            delete from ${table} where v % 13 = ${round}`;
        })
        .join('; '),
    );
  let chunks = 0;
  await copyWith({
    at: async (step) => {
      if (step !== 'snapshot.taken' || chunks++ % 9 !== 4) return;
      await change(chunks % 6);
      await tickNow(pair);
      await replay(pair.shop.context('new'));
    },
  })(pair.shop.context('new'));
  expect(chunks).toBeGreaterThan(5 * tables.length);
  await followUntilSynced(pair);
  await expectEqual(pair.old, pair.new, tables);
  await change(6);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, tables);
  const wrong = await pair.new.client((client) =>
    client.query('select table_name from pgtide.table_stats where missing + conflicts > 0'),
  );
  expect(wrong).toEqual([]);
});

it('a key WITHOUT OVERLAPS is followed as a key', async () => {
  const pair = await installedPair({ provider: 18, subscriber: 18 });
  await pair.both(
    'create table stay (room int4range, during daterange, guest text, primary key (room, during without overlaps))',
  );
  const write = (sql: string) => pair.old.client((client) => client.query(sql));
  await write(
    `insert into stay select int4range(i, i + 1), daterange('2020-01-01', '2021-01-01'), 'x' from generate_series(1, 9) i`,
  );
  await addTables(pair, ['stay']);
  await followUntilSynced(pair);
  await write(`update stay set guest = 'y' where room @> 3; update stay set during = daterange('2019-01-01', '2021-06-01') where room @> 5;
    delete from stay where room @> 7; insert into stay values ('[5,5]', daterange('2022-01-01', null), 'z'); update stay set room = int4range(8, 90) where room @> 8`);
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['stay']);
  expect(
    await pair.new.client((client) =>
      client.query('select error from pgtide.table_state where error is not null'),
    ),
  ).toEqual([]);
});
