/** Whether a subscriber's table can take all rows of a provider's: each misfit is reported with table, column and remedy. */
import { expect, test } from 'vitest';
import { describeTable } from '../../lib/structure/structure.ts';
import { compareStructure } from '../../lib/structure/structure-fit.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';

let database: Promise<TestDatabase> | undefined;

/** Creates the two tables in one database, one schema each, and compares them. */
async function misfits(provider: string, subscriber: string, types = ''): Promise<string[]> {
  database ??= postgres(18).then((server) => createDatabase(server, { installed: true }));
  return (await database).client(async (client) => {
    await client.query(`drop schema if exists there, here cascade; create schema there; create schema here;
      ${types}; create table there.t ${provider}; create table here.t ${subscriber}`);
    const [left, right] = [await describeTable(client, 'there.t'), await describeTable(client, 'here.t')];
    if (!left || !right) throw new Error('both tables are there');
    const problems = compareStructure(left, right);
    // Each remedy that is a statement resolves its problem.
    for (const { remedy } of problems) if (remedy.startsWith('alter')) await client.query(remedy);
    const altered = await describeTable(client, 'here.t');
    if (problems.every(({ remedy }) => remedy.startsWith('alter')))
      expect(compareStructure(left, altered ?? right)).toEqual([]);
    return problems.map(({ message }) => message);
  });
}

test.each([
  ['(a int)', '(a int)'],
  ['(a smallint, b int, c bigint, d real)', '(a int, b bigint, c numeric, d float8)'],
  [
    '(a varchar(10), b varchar, c text, d varchar(3)[])',
    '(a varchar(11), b text, c varchar, d varchar(4)[])',
  ],
  ['(a numeric(10,2), b numeric(10,2))', '(a numeric, b numeric(12,3))'],
  ['(a timestamp(3), b timestamptz(3))', '(a timestamp, b timestamptz(6))'],
  ['(a int)', '(extra text, other int not null default 1, a int, more int generated always as identity)'],
  ['(a int primary key, b int)', '(b int, a int not null unique)'],
  ['(a int, b int, primary key (a, b))', '(a int, b int, primary key (b, a))'],
  ['(a int, b int generated always as (a + 1) stored)', '(a int, b int generated always as (a + 2) stored)'],
  ['(a int, b int generated always as (a + 1) stored)', '(a int, b int)'],
  ['(a int, b int generated always as (a + 1))', '(a int)'],
  ['(a int not null)', '(a int)'],
])('%s fits into %s', async (provider, subscriber) => {
  expect(await misfits(provider, subscriber)).toEqual([]);
});

test.each([
  ['(a int, b text)', '(a int)', "here.t has no column b, which the provider's has (text)"],
  [
    '(a bigint)',
    '(a int)',
    'column a of here.t is integer on the subscriber, which does not take every bigint of the provider',
  ],
  [
    '(a varchar(10))',
    '(a varchar(9))',
    'column a of here.t is character varying(9) on the subscriber, which does not take every character varying(10) of the provider',
  ],
  [
    '(a text)',
    '(a varchar(9))',
    'column a of here.t is character varying(9) on the subscriber, which does not take every text of the provider',
  ],
  [
    '(a numeric(10,2))',
    '(a numeric(10,3))',
    'column a of here.t is numeric(10,3) on the subscriber, which does not take every numeric(10,2) of the provider',
  ],
  [
    '(a timestamptz)',
    '(a timestamptz(3))',
    'column a of here.t is timestamp(3) with time zone on the subscriber, which does not take every timestamp with time zone of the provider',
  ],
  [
    '(a int[])',
    '(a int)',
    'column a of here.t is integer on the subscriber, which does not take every integer[] of the provider',
  ],
  [
    '(a int)',
    '(a int not null)',
    "column a of here.t is not null on the subscriber, and the provider's may be null",
  ],
  [
    '(a int)',
    '(a int, b int not null)',
    'column b of here.t is not null without a default, and the provider does not send it',
  ],
  [
    '(a int, b int)',
    '(a int, b int generated always as (a + 1) stored)',
    'column b of here.t is generated on the subscriber and an ordinary one on the provider, so its values cannot be written',
  ],
  ['(a int primary key)', '(a int)', "here.t has no key on the subscriber; the provider's is (a)"],
  ['(a int primary key)', '(a int not null)', "here.t has no key on the subscriber; the provider's is (a)"],
  [
    '(a int primary key, b int)',
    '(a int, b int primary key)',
    'here.t has the key (b) on the subscriber, and (a) on the provider',
  ],
  [
    '(a int primary key)',
    '(a int not null unique deferrable)',
    "here.t has no key on the subscriber; the provider's is (a)",
  ],
])('%s does not fit into %s', async (provider, subscriber, message) => {
  expect(await misfits(provider, subscriber)).toContain(message);
});

test('an enum fits into one that has all its values, and any enum fits into text', async () => {
  const types = `create type there.mood as enum ('good', 'bad'); create type here.mood as enum ('good')`;
  expect(await misfits('(a there.mood)', '(a here.mood)', types)).toEqual([
    'column a of here.t is here.mood without the value "bad" on the subscriber, which does not take every there.mood of the provider',
  ]);
  expect(await misfits('(a there.mood)', '(a text)', types)).toEqual([]);
  expect(await misfits('(a there.mood[])', '(a text)', types)).not.toEqual([]);
});

test.each([
  ["'a', 'b', 'c'", "'a', 'old', 'c'", `rename value 'old' to 'b'`],
  ["'b', 'c'", "'b', 'c''', 'own'", `add value 'c'`],
  ["'x', 'y'", "'a', 'b'", `rename value 'a' to 'x'`],
  ["'a', 'b', 'c'", "'a', 'b'", `add value 'c'`],
])('the enum (%s) on (%s) is fixed by %s', async (there, here, remedy) => {
  const db = await createDatabase(await postgres(13), { installed: true });
  await db.client(async (client) => {
    await client.query(`create schema there; create schema here; create type there.e as enum (${there}); create type here.e as enum (${here});
      create table there.t (a there.e); create table here.t (a here.e)`);
    const [left, right] = [await describeTable(client, 'there.t'), await describeTable(client, 'here.t')];
    if (!left || !right) throw new Error('both are there');
    expect(compareStructure(left, right).map((problem) => problem.remedy)).toEqual([
      `alter type here.e ${remedy}`,
    ]);
  });
});

test.each([
  ['numeric(12,4)', 'numeric(10,2)'],
  ['time', 'time(0)'],
  ['timestamp(3)', 'timestamp(0)'],
  ['interval', 'interval day to second'],
  ['interval(3)', 'interval(0)'],
  ['varchar(9)[]', 'varchar(3)[]'],
  ['varbit(9)', 'varbit(3)'],
  ['float8', 'float4'],
  ['timestamptz', 'timestamp'],
  ['json', 'jsonb'],
  ['numeric', 'int'],
  ['there.d', 'here.d'],
  ['there.c', 'here.c'],
  ['there.c[]', 'here.c[]'],
  ['there.r', 'here.r'],
])('a domain, composite or plain type %s is not kept by %s', async (from, to) => {
  const types = ['(12,4)', '(10,2)'].map((size, nr) => {
    const schema = nr ? 'here' : 'there';
    return `create domain ${schema}.d as numeric${size}; create type ${schema}.c as (n int, v ${schema}.d);
      create type ${schema}.r as range (subtype = ${nr ? 'timestamp' : 'timestamptz'})`;
  });
  expect(await misfits(`(a ${from})`, `(a ${to})`, types.join('; '))).toEqual([
    expect.stringContaining('which does not take every'),
  ]);
});

test('a domain fits into its base type, and not the other way', async () => {
  const types = 'create domain there.d as varchar(5) check (length(value) > 1); create domain here.d as int';
  expect(await misfits('(a there.d)', '(a text)', types)).toEqual([]);
  expect(await misfits('(a int)', '(a here.d)', types)).not.toEqual([]);
});

test('views, foreign and unlogged tables cannot be replicated', async () => {
  const server = await postgres(18);
  const db = await createDatabase(server, { installed: true });
  await db.client(async (client) => {
    await client.query(
      `create unlogged table public.u (a int); create view public.v as select 1 as a; create table public.t (a int)`,
    );
    const [u, v, t] = [
      await describeTable(client, 'public.u'),
      await describeTable(client, 'public.v'),
      await describeTable(client, 'public.t'),
    ];
    if (!u || !v || !t) throw new Error('all are there');
    expect(compareStructure(t, u)[0]).toMatchObject({
      message: expect.stringContaining('public.u is unlogged on the subscriber'),
    });
    expect(compareStructure(v, t)[0]).toMatchObject({
      message: expect.stringContaining('public.v is a view on the provider'),
    });
    expect(await describeTable(client, 'public.gone')).toBeUndefined();
  });
});
