/**
 * Keys that are equal without being spelled alike: by their collation, their type or their operator class. One row has one key,
 * however an update spells it, and ends with the provider's spelling.
 */
import { describe, expect, it } from 'vitest';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
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

/** Name of a table, its key's columns, and three spellings of one key. */
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

  it('a trigger that spells the key of the row anew does not turn the order of its versions around', async () => {
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

it('a key whose index compares by an operator class of its own is followed row by row', async () => {
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
