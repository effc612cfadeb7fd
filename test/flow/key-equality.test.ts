/**
 * Keys that are equal but spelled differently, by their collation, their type or their operator class. A row keeps its key
 * however an update spells it, and ends with the provider's spelling.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { modes } from '../property/replica-pair.ts';
import { comparePair } from '../support/compare-pair.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) =>
  pair.old.client((client) => client.query(`set search_path = public, ext; ${sql}`));

const problemsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query(
      `select table_name, error, null::bigint as missing from pgtide.table_state where error is not null
       union all select table_name, null, missing + conflicts from pgtide.table_stats where missing + conflicts > 0`,
    ),
  );

const collation = `create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;

/** Name of a table, the columns of its key, and three spellings of one key. */
const kinds: [table: string, definition: string, one: string, two: string, three: string][] = [
  ['by_text', 'k text collate nocase primary key', `'ab'`, `'aB'`, `'AB'`],
  ['by_varchar', 'k varchar(9) collate nocase primary key', `'ab'`, `'aB'`, `'AB'`],
  ['by_domain', 'k word primary key', `'ab'`, `'aB'`, `'AB'`],
  ['by_binary_domain', 'k word collate "C" primary key', `'ab'`, `'ab'`, `'ab'`],
  ['by_array', 'k text[] collate nocase primary key', `'{ab}'`, `'{aB}'`, `'{AB}'`],
  ['by_index', 'k text not null', `'ab'`, `'aB'`, `'AB'`],
  ['by_record', 'k spelled primary key', `row(1, 'ab')`, `row(1, 'aB')`, `row(1, 'AB')`],
  ['by_citext', 'k citext primary key', `'ab'`, `'aB'`, `'AB'`],
  ['by_number', 'k numeric primary key', `1`, `1.0`, `1.00`],
  ['by_float', 'k float8 primary key', `0`, `'-0'`, `0`],
  ['by_interval', 'k interval primary key', `'1 day'`, `'24 hours'`, `'1440 minutes'`],
  ['by_blanks', 'k char(9) primary key', `'ab'`, `'ab '`, `'ab'`],
  ['by_json', 'k jsonb primary key', `'[1]'`, `'[1.0]'`, `'[1.00]'`],
  ['by_range', 'k numrange primary key', `'[1,2)'`, `'[1.0,2)'`, `'[1.00,2.0)'`],
  ['by_numbers', 'k numeric[] primary key', `'{1}'`, `'{1.0}'`, `'{1.00}'`],
];
const tables = kinds.map(([name]) => name);

async function withTables(pair: InstalledPair): Promise<void> {
  for (const database of [pair.old, pair.new])
    await database.superuser((client) =>
      client.query(
        `create schema ext; grant usage on schema ext to public; create extension citext schema ext`,
      ),
    );
  await pair.both(`set search_path = public, ext; ${collation}; create domain word as text collate nocase;
    create type spelled as (n int, t text collate nocase);
    ${kinds.map(([name, key]) => `create table ${name} (${key}, v int, w int);`).join('')}
    create unique index on by_index (k collate nocase)`);
}

describe.each(modes)('%s', (_, make) => {
  it('a row whose key is spelled in several ways within one batch is one row', async () => {
    const pair = await make();
    await withTables(pair);
    for (const [name, , one] of kinds) await write(pair, `insert into ${name} values (${one}, 0, 0)`);
    await addTables(pair, tables, {});
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, tables);
    const inOneBatch = async (...steps: ((k: [string, string, string]) => string)[]) => {
      for (const [name, , ...spellings] of kinds)
        for (const step of steps) await write(pair, step(spellings).replaceAll('%t', name));
      await replayAll(pair);
      expect(await problemsOf(pair)).toEqual([]);
      await expectEqual(pair.old, pair.new, tables);
    };
    await inOneBatch(
      () => 'update %t set v = 1',
      ([, two]) => `update %t set k = ${two}, v = 2`,
      ([, , three]) => `update %t set k = ${three}, v = 3`,
    );
    await inOneBatch(
      ([one]) => `update %t set k = ${one}, v = 4`,
      () => 'delete from %t',
    );
    await inOneBatch(
      ([one]) => `insert into %t values (${one}, 5, 5)`,
      ([, two]) => `update %t set k = ${two}, v = 6`,
    );
    await inOneBatch(
      () => 'delete from %t',
      ([, , three]) => `insert into %t values (${three}, 7, 7)`,
    );
    await inOneBatch(([one]) => `update %t set k = ${one}`);
  });

  it('a trigger that spells the key of the row differently does not reverse the order of its versions', async () => {
    const pair = await make();
    await withTables(pair);
    for (const [name, , one, two] of kinds)
      await write(
        pair,
        `insert into ${name} values (${one}, 0, 0);
         create function spell_${name}() returns trigger language plpgsql as $$ begin
           update public.${name} set k = ${two}, w = new.w + 1; return null; end $$;
         create trigger spell after insert or update on ${name} for each row when (pg_trigger_depth() = 0) execute procedure spell_${name}()`,
      );
    await addTables(pair, tables, {});
    await followUntilSynced(pair);
    for (const [name, , one] of kinds) await write(pair, `update ${name} set k = ${one}, v = 1`);
    await replayAll(pair);
    expect(await problemsOf(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, tables);
    for (const [name, , , , three] of kinds)
      await write(pair, `delete from ${name}; insert into ${name} values (${three}, 2, 2)`);
    await replayAll(pair);
    expect(await problemsOf(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, tables);
  });
});

it('a key whose index has a custom operator class is followed row by row', async () => {
  const pair = await installedPair({ provider: 17, subscriber: 13 });
  for (const database of [pair.old, pair.new])
    await database.superuser((client) =>
      client.query(`create schema own; grant usage on schema own to public;
        create function own.lt(text, text) returns bool language sql immutable as 'select lower($1) < lower($2)';
        create function own.le(text, text) returns bool language sql immutable as 'select lower($1) <= lower($2)';
        create function own.eq(text, text) returns bool language sql immutable as 'select lower($1) = lower($2)';
        create function own.ge(text, text) returns bool language sql immutable as 'select lower($1) >= lower($2)';
        create function own.gt(text, text) returns bool language sql immutable as 'select lower($1) > lower($2)';
        create function own.cmp(text, text) returns int language sql immutable as 'select bttextcmp(lower($1), lower($2))';
        create operator own.< (leftarg = text, rightarg = text, procedure = own.lt);
        create operator own.<= (leftarg = text, rightarg = text, procedure = own.le);
        create operator own.= (leftarg = text, rightarg = text, procedure = own.eq, merges);
        create operator own.>= (leftarg = text, rightarg = text, procedure = own.ge);
        create operator own.> (leftarg = text, rightarg = text, procedure = own.gt);
        create operator class own.lower_ops for type text using btree as operator 1 own.<, operator 2 own.<=, operator 3 own.=,
          operator 4 own.>=, operator 5 own.>, function 1 own.cmp(text, text)`),
    );
  await pair.both(`create table t (k text not null, v int); create unique index on t (k own.lower_ops)`);
  await write(pair, `insert into t select 'key' || i, 0 from generate_series(1, 20) i`);
  await addTables(pair, ['t']);
  await followUntilSynced(pair);
  await write(
    pair,
    `update t set v = 1; update t set k = upper(k), v = 2 where k < 'key2'; delete from t where k = 'key5'`,
  );
  await write(
    pair,
    `update t set v = 3 where v = 2; insert into t values ('Key5', 4); update t set k = 'KEY5' where k = 'Key5'`,
  );
  await replayAll(pair);
  expect(await problemsOf(pair)).toEqual([]);
  await expectEqual(pair.old, pair.new, ['t']);
});

it('a table is copied in chunks of such keys beside writers that spell them differently', async () => {
  const pair = await installedPair(
    { provider: 18, subscriber: 14 },
    { copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } },
  );
  await pair.both(`${collation}; create domain word as text collate nocase;
    create table one (k text collate nocase primary key, v int, pad text);
    create table two (n int, k word collate "C", v int, pad text, primary key (k, n));
    create table three (n numeric, k word, v int, pad text, primary key (n, k))`);
  const copied = ['one', 'two', 'three'];
  const mixed = `case when i % 2 = 0 then upper(md5(i::text)) else md5(i::text) end`;
  for (const [table, key] of [
    ['one', mixed],
    ['two', `i % 3, ${mixed}`],
    ['three', `(i % 3)::numeric(10,1), ${mixed}`],
  ])
    await write(
      pair,
      `insert into ${table} select ${key}, i, repeat('x', 900) from generate_series(1, 300) i; analyze ${table}`,
    );
  await addTables(pair, copied);
  const change = (round: number) =>
    write(
      pair,
      `${copied
        .map(
          (
            table,
          ) => `update ${table} set v = -v where v % 7 = ${round}; update ${table} set k = upper(k) where v % 11 = ${round};
            update ${table} set k = lower(k), v = v + 1000 where v % 11 = ${round}; delete from ${table} where v % 13 = ${round}`,
        )
        .join('; ')}; update three set n = n::numeric(10,3) where v % 5 = ${round}`,
    );
  let chunks = 0;
  await copyWith({
    at: async (step) => {
      if (step !== 'snapshot.taken' || chunks++ % 5 !== 2) return;
      await change(chunks % 6);
      await tickNow(pair);
      await replay(pair.shop.context('new'));
    },
  })(pair.shop.context('new'));
  expect(chunks).toBeGreaterThan(9);
  await followUntilSynced(pair);
  await change(6);
  await replayAll(pair);
  expect(await problemsOf(pair)).toEqual([]);
  await expectEqual(pair.old, pair.new, copied);
});

it('compare reports a key that is spelled differently on the two sides, and ends', async () => {
  const shop = await comparePair({ provider: 13, subscriber: 17 });
  await shop.both(`${collation}; create table t (k text collate nocase primary key, v int); create table n (k numeric primary key, v int);
    insert into t select 'key ' || i, i from generate_series(1, 9) i; insert into n select i, i from generate_series(1, 9) i`);
  await shop.follow(['public.t', 'public.n']);
  expect(await shop.compare()).toMatchObject({ equal: true });
  await shop.onSubscriber(`update t set k = upper(k) where v = 3; update n set k = 3.00 where v = 3`);
  const { equal, tables } = await shop.compare();
  expect(equal).toBe(false);
  expect(tables).toMatchObject([
    { name: 'public.t', verdict: 'different', differences: 2, inFlight: 0 },
    { name: 'public.n', verdict: 'different', differences: 2, inFlight: 0 },
  ]);
});
