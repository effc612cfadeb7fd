/**
 * C14 of `add-table --create`: the tables that it makes belong to the role that replicates, and what Mallory has put on hers on the root does
 * not get that role's rights on the leaf. Nothing is made then, and all blockers are named.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createMissingTables } from '../../lib/structure/create.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { MALLORY, MEMBER, sides } from '../support/owned-sides.ts';

interface Attack {
  name: string;
  /** Her table `t`, as she makes it on the root; else what it has beside the columns `id` and `v`. */
  table?: string;
  has?: string;
  /** What is refused: a part of the table, or of another object, and what it would run. */
  of?: string;
  part: string;
  runs: string;
  since?: number;
}

const lure = `function hers.lure(text) of ${MALLORY}`;
const word = `code of type hers.word of ${MALLORY}`;
const attacks: Attack[] = [
  { name: 'a check', has: 'constraint c check (lure(v) is not null)', part: 'check c', runs: lure },
  {
    name: 'an operator',
    has: `constraint c check (v operator(hers.=) 'x')`,
    part: 'check c',
    runs: `operator hers.=(text,text) of ${MALLORY}`,
  },
  {
    name: 'a function with a name that needs quotes, between texts that look like it',
    has: `constraint c check (v <> ' "' and "it's (""a"" b"(v) <> '"')`,
    part: 'check c',
    runs: `function hers."it's (""a"" b"(text) of ${MALLORY}`,
  },
  { name: 'a default', has: `d text default lure('x')`, part: 'default of d', runs: lure },
  {
    name: 'a generated column',
    has: 'g text generated always as (lure(v)) stored',
    part: 'generated column g',
    runs: lure,
    since: 12,
  },
  {
    name: 'the condition of an index, a constant call',
    table: `create table t (id int primary key, v text); create index i on t (id) where lure('x') = 'x'`,
    part: 'index i',
    runs: lure,
  },
  {
    name: 'the expression of an index',
    table: `create table t (id int primary key, v text); create index i on t (lure(v))`,
    part: 'index i',
    runs: lure,
  },
  {
    name: 'an exclusion',
    has: 'constraint e exclude using btree (lure(v) with =)',
    part: 'constraint e',
    runs: lure,
  },
  {
    name: 'a partition key',
    table: `create table t (id int, v text) partition by range (lure(v));
      create table t_1 partition of t for values from (minvalue) to (maxvalue)`,
    part: 'partition key',
    runs: lure,
  },
  {
    name: 'a function of PostgreSQL that acts',
    has: 'constraint c check (lo_create(id::oid) > 0)',
    part: 'check c',
    runs: 'lo_create',
  },
  {
    name: 'a default that acts',
    has: `d text default set_config('search_path', 'hers', false)`,
    part: 'default of d',
    runs: 'set_config',
  },
  {
    name: 'a query in a text',
    has: `constraint c check (query_to_xml('select hers.lure(''x'')', false, false, '') is not null)`,
    part: 'check c',
    runs: 'query_to_xml',
  },
  {
    name: 'a view in a text',
    has: `constraint c check (schema_to_xml('hers', false, false, '') is not null)`,
    part: 'check c',
    runs: 'schema_to_xml',
  },
  {
    name: 'the input of a type that is named by its number',
    has: `constraint c check (array_in('{x}', 'hers.word'::regtype, -1) is not null)`,
    part: 'check c',
    runs: 'array_in',
  },
  {
    name: 'a look at a relation',
    has: `constraint c check (pg_relation_is_updatable('hers.t', true) > 0)`,
    part: 'check c',
    runs: 'pg_relation_is_updatable',
  },
  {
    name: 'a function of an extension that acts',
    has: `constraint c check (public.dblink_exec('dbname=postgres', v) <> '')`,
    part: 'check c',
    runs: 'public.dblink_exec',
  },
  {
    name: 'a function of pgtide',
    has: `constraint c check (pgtide.has_rows(id::oid))`,
    part: 'check c',
    runs: 'pgtide.has_rows',
  },
  {
    name: 'a function of hers that is found before one of a superuser',
    has: `constraint c check (public.over(v) is not null)`,
    part: 'check c',
    runs: `function public.over(text) of ${MALLORY}`,
  },
  {
    name: 'a function of a superuser that gives an enum of hers',
    has: `constraint c check (public.mood_of(id)::text <> '')`,
    part: 'check c',
    runs: `type hers.mood of ${MALLORY}`,
  },
  { name: 'a domain of hers', has: 'w word', part: 'column w', runs: word },
  { name: 'a domain of hers in an array', has: 'w word[]', part: 'column w', runs: word, since: 11 },
  {
    name: 'a row type of hers',
    has: 'p pair',
    part: 'column p',
    runs: `code of type hers.pair of ${MALLORY}`,
  },
  { name: 'a domain of hers in a type of a superuser', has: 'p public.deep', part: 'column p', runs: word },
  {
    name: 'an enum of hers, which has a cast',
    has: 'm mood, constraint c check (to_json(m) is not null)',
    part: 'column m',
    runs: `code of type hers.mood of ${MALLORY}`,
  },
  {
    name: 'a domain of hers that only an expression names',
    has: 'constraint c check (v::word is not null)',
    part: 'check c',
    runs: word,
  },
  { name: 'a domain that is made', has: 'n narrow', of: 'hers.narrow', part: 'check c', runs: lure },
  {
    name: 'a domain under one that is made, in an array',
    has: 'n narrower[]',
    of: 'hers.narrow',
    part: 'check c',
    runs: lure,
    since: 11,
  },
  {
    name: 'the default of a domain that is made',
    has: 'n numbered',
    of: 'hers.numbered',
    part: 'default',
    runs: 'lo_creat',
  },
  {
    name: 'a type of a superuser that is made of one',
    has: 'n public."outer"',
    part: 'column n',
    runs: word,
  },
  { name: 'a type that is made of one', has: 'n mixed', of: 'hers.mixed', part: 'attribute a', runs: word },
];

/** What is fine: `has` stands in a table of hers. */
const innocents: Record<string, { has: string; since?: number }> = {
  keyed: { has: 'n serial, u text unique, foreign key (n) references keyed' },
  identified: { has: 'n bigint generated always as identity' },
  defaulted: {
    has: `a timestamptz default now(), b timestamptz default clock_timestamp(), c name default current_user, r float default random(),
      d text default 'hers.lure(''x'')', e timestamp default (now() at time zone 'utc'), l label default 'x'`,
  },
  unique_ids: { has: `a uuid default public.uuid_generate_v4(), b bytea default public.gen_random_bytes(4)` },
  typed: { has: `m feeling default 'good', n feeling[] default '{bad}', s small default 3, p plain` },
  shared: { has: `m public.shade default 'dark', s public.share, check (m::text <> 'x' and s < 5)` },
  generated: { has: 'g text generated always as (upper(v) || id) stored', since: 12 },
  checked: {
    has: `check (v ~ '^[a-z]*$' and length(v) < 10 and id > 0 and coalesce(v, 'x') in ('x', 'y'))`,
  },
  excluded: { has: 'r int4range, exclude using gist (r with &&) where (id > 5)' },
  vouched: { has: `w text default public.vouched('x'), check (public.vouched(v) is not null)` },
  cited: { has: `c public.citext check (c <> 'x')` },
};

describe.each([
  { version: 10, leaf: 14, role: 'superuser' as const },
  { version: 18, leaf: 17, role: 'member' as const },
  { version: 10, leaf: 10, role: 'superuser' as const },
])('from PostgreSQL $version to $leaf, by a $role', ({ version, leaf, role }) => {
  let on: Awaited<ReturnType<typeof sides>>;
  const there = ({ since = 0 }: { since?: number }) => since <= version;
  const add = (...names: string[]) =>
    addTable(
      on.shop.context('old'),
      addTableInput.parse({ tables: names.map((name) => `hers.${name}`), create: true }),
    );
  /** Makes the tables, and rolls back. */
  const make = (...names: string[]) =>
    on.old.client((from) =>
      on.new.client((to) =>
        to.transaction({}, async () => {
          const { created } = await createMissingTables(from, to, names);
          throw new Error(`${created} were made`);
        }),
      ),
    );
  const onLeaf = (sql: string) => on.new.superuser((client) => client.query(sql));
  const user = () => (role === 'member' ? MEMBER : on.new.server.superuser);

  beforeAll(async () => {
    on = await sides(version, role, leaf);
    await on.mallory(`create function "it's (""a"" b"(text) returns text language sql immutable as 'select hers.lure($1)';
      create type mood as enum ('good', 'bad');
      create function json_of(mood) returns json language sql as $$ select to_json(hers.lure('x')) $$;
      create cast (mood as json) with function json_of(mood)`);
    for (const at of [on.old, on.new])
      await at.superuser((client) =>
        client.query(`create extension dblink; create extension "uuid-ossp"; create extension pgcrypto; create extension citext;
          create function mood_of(int) returns hers.mood language sql as $$ select 'good'::hers.mood $$;
          create type deep as (w hers.word); grant create on schema public to ${MALLORY};
          create type shade as enum ('light', 'dark'); create domain share as int check (value between 0 and 10);
          create function over(anyelement) returns anyelement language sql as 'select $1';
          create function vouched(text) returns text language sql as 'select $1';
          grant usage on schema pgtide to ${MALLORY}`),
      );
    await onLeaf(
      `set role ${MALLORY}; create function public.over(text) returns text language sql as 'select hers.lure($1)'`,
    );
    await on.old.superuser((client) =>
      client.query('create type nested as (w hers.word); create type "outer" as (n nested[])'),
    );
    await on.malloryOnRoot(`create domain narrow as text constraint c check (lure(value) is not null);
      create domain narrower as narrow; create domain numbered as oid default lo_creat(0); create type mixed as (a word, b int);
      create type feeling as enum ('good', 'bad'); create domain small as int check (value < 10); create domain label as text;
      create type plain as (a feeling, b small)`);
  });

  describe('is refused', () => {
    it.each(attacks.filter(there))('$name', async ({ table, has, of = 'hers.t', part, runs }) => {
      await on.malloryOnRoot(table ?? `create table t (id int primary key, v text, ${has})`);
      try {
        await expect(make('hers.t')).rejects.toThrow(
          `: ${of} belongs to ${MALLORY} on the provider: its ${part} would run ${runs} with the rights of ${user()}`,
        );
      } finally {
        await on.malloryOnRoot('drop table t cascade');
      }
    });

    it.runIf(leaf >= 16)('the input of a type that is named in a text', async () => {
      await on.malloryOnRoot(
        `create table input (id int primary key, v text check (pg_input_is_valid(v, 'hers.word')))`,
      );
      await expect(make('hers.input')).rejects.toThrow('would run pg_input_is_valid');
    });

    it.runIf(leaf >= 11)('a partition of hers, of a table that is not', async () => {
      await on.old.superuser((client) =>
        client.query(`create table whole (id int, v text) partition by range (id);
          create table part partition of whole (constraint c check (hers.lure(v) is not null)) for values from (1) to (9);
          alter table part owner to ${MALLORY}`),
      );
      await expect(make('public.whole')).rejects.toThrow(
        `public.part belongs to ${MALLORY} on the provider: its check c would run ${lure}`,
      );
    });

    it('everything at once, with what helps', async () => {
      await on.malloryOnRoot(
        'create table every (id oid primary key default lo_creat(0), v text check (lure(v) is not null), w word, n narrow)',
      );
      const refusal = await add('every').catch((error: unknown) => error);
      const byHand = 'make hers.every there as its owner, and add it without --create';
      expect(refusal).toMatchObject({
        kind: 'privilege',
        remedy: [
          `alter function hers.lure(text) owner to "${user()}", or create the type hers.narrow there first`,
          byHand,
          `alter type hers.word owner to "${user()}", or ${byHand}`,
          `alter function hers.lure(text) owner to "${user()}", or ${byHand}`,
        ].join('\n'),
      });
      expect(
        await onLeaf(`select to_regclass('hers.every') as made, to_regtype('hers.narrow') as type`),
      ).toEqual([{ made: null, type: null }]);
    });
  });

  it('makes what runs nothing of hers', async () => {
    const wanted = Object.entries(innocents).filter(([, one]) => there(one));
    for (const [name, { has }] of wanted)
      await on.malloryOnRoot(`create table ${name} (id int primary key, v text, ${has})`);
    await on.malloryOnRoot(`create table later (id int primary key, v text); insert into later values (1, 'v');
      alter table later add check (lure(v) is not null) not valid;
      create table parted (id int, v text) partition by range (lower(v));
      create table parted_1 partition of parted for values from (minvalue) to (maxvalue)`);
    const names = [...wanted.map(([name]) => name), 'later', 'parted'];
    await add(...names);
    for (const name of names)
      expect(
        await onLeaf(
          `select pg_get_userbyid(relowner) as owner from pg_class where oid = 'hers.${name}'::regclass`,
        ),
      ).toEqual([{ owner: user() }]);
  });

  it('makes tables of the role that replicates, and of superusers, as they are', async () => {
    const table = 'id int primary key, v text check (hers.lure(v) is not null), w hers.word';
    await on.old.client((client) => client.query(`create table ours (${table})`));
    await on.old.superuser((client) =>
      client.query(`create table theirs (${table}); grant all on theirs to public`),
    );
    await expect(make('public.ours', 'public.theirs')).rejects.toThrow('public.ours,public.theirs were made');
  });
});
