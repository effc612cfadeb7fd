/**
 * Rows that are all inserted arrive in their table itself, in one COPY, if nothing else in the slice can concern them and COPY does there
 * what INSERT does. Otherwise, and if a row fails, they arrive as before. Either way the result is the same.
 */
import { describe, expect, it } from 'vitest';
import type { Replay } from '../../lib/replay/replay-work.ts';
import { arrivals } from '../support/arrivals.ts';
import { replayAll } from '../support/follow.ts';
import { errorsOf, following, one, onSubscriber, pairOf, type Sides, write } from '../support/in-place.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

it.each([
  { provider: 10, subscriber: 18 },
  { provider: 15, subscriber: 15 },
  { provider: 18, subscriber: 17 },
])('from PostgreSQL $provider to $subscriber, rows of any kind are inserted in place', async (versions) => {
  const pair = await pairOf(
    {
      both: `create domain positive as int check (value > 0);
        create table plain (id int primary key, n numeric(10,2), v varchar(20), c char(5), f float8, at timestamptz(0), body bytea, doc jsonb, d positive, at_hosts inet[]);
        create table keyless (a int, b text);
        create table "Odd ""name""" (id bigint generated always as identity primary key, "b c" text);
        create table parent (id bigint primary key, note text);
        create table child (id bigint primary key, parent bigint references parent);`,
      provider:
        'create table spread (id int primary key, v text); create table shuffled (id int primary key, a text, b int);',
      subscriber: `create table spread (id int primary key, v text) partition by range (id);
        create table spread_low partition of spread for values from (minvalue) to (100); create table spread_high partition of spread for values from (100) to (maxvalue);
        create table shuffled (gone int, b int, id int primary key, a text, more text default 'here'); alter table shuffled drop gone;`,
      tables: ['plain', 'keyless', 'Odd "name"', 'parent', 'child', 'spread', 'shuffled'],
    },
    versions,
  );
  await write(
    pair,
    `insert into plain select i, i / 3.0, 'v' || i, i::text, 1 / i::float8, now(), decode(md5(i::text), 'hex'), jsonb_build_object('k', repeat('w', i * 100)), i,
       array['10.0.0.1', null]::inet[] from generate_series(1, 100) i;
     insert into plain (id) values (0); insert into keyless select i % 3, null from generate_series(1, 9) i;
     insert into "Odd ""name""" ("b c") select 'x' || i from generate_series(1, 9) i;
     insert into parent select i, 'p' from generate_series(1, 9) i; insert into child select i, i from generate_series(1, 9) i;
     insert into spread select i, 's' from generate_series(90, 110) i; insert into shuffled select i, 'a', -i from generate_series(1, 9) i`,
  );
  const tables = ['plain', 'keyless', 'Odd "name"', 'parent', 'child', 'spread', 'shuffled'];
  expect(await arrivals(pair)).toEqual([
    { rows: Object.fromEntries(tables.map((table) => [`public.${table}`, 'in place'])), events: [] },
  ]);
  await expectEqual(pair.old, pair.new, ['plain', 'keyless', 'Odd "name"', 'parent', 'child', 'spread']);
  expect(await onSubscriber(pair, 'select id, a, b, more from shuffled where id = 9')).toEqual([
    { id: 9, a: 'a', b: -9, more: 'here' },
  ]);
  expect(
    await onSubscriber(
      pair,
      `select inserted from pgtide.table_stats where table_name in ('public.plain', 'public.keyless') order by 1`,
    ),
  ).toEqual([{ inserted: 9n }, { inserted: 101n }]);
  // What follows finds them.
  await write(
    pair,
    'update plain set v = null; delete from keyless where a = 1; delete from spread where id < 100',
  );
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['plain', 'keyless', 'spread']);
  expect(await errorsOf(pair)).toEqual([]);
});

it('triggers of the subscriber that are always enabled fire, as its rows are staged, and those of applications do not', async () => {
  const pair = await pairOf({
    ...one,
    subscriber: `create function add() returns trigger language plpgsql as $$ begin new.v := new.v + tg_argv[0]::int; return new; end $$;
      create trigger always before insert on t for each row execute procedure add(100); alter table t enable always trigger always;
      create trigger ordinary before insert on t for each row execute procedure add(10);`,
  });
  await write(pair, 'insert into t values (1, 1)');
  expect(await arrivals(pair)).toEqual([{ rows: { 'public.t': 'I' }, events: [] }]);
  expect(await onSubscriber(pair, 'select v from t')).toEqual([{ v: 101 }]);
});

describe('rows are not inserted in place', () => {
  const insert = 'insert into t select i, i from generate_series(1, 10) i';
  const cases: (Partial<Sides> & {
    because: string;
    sql?: string;
    settings?: Partial<Replay>;
    arrive?: object;
    left?: number;
  })[] = [
    {
      because: 'others of the table are updated',
      sql: `${insert}; update t set v = 0 where id = 1`,
      arrive: { rows: { 'public.t': 'IU' } },
    },
    {
      because: 'a control event may concern them',
      sql: `${insert}; select pgq.insert_event('shop', 'some.note', 'x')`,
    },
    { because: 'rows that are there are to be overwritten', settings: { onConflict: 'overwrite' } },
    {
      because: 'a rule says what becomes of them',
      subscriber:
        'create rule r as on insert to t where new.id > 5 do instead nothing; alter table t enable always rule r',
      left: 5,
    },
    {
      because: 'a constraint is checked later',
      subscriber: 'alter table t add unique (v) deferrable initially deferred',
    },
    {
      because: 'a partition has a constraint that is checked later',
      both: 'select',
      provider: 'create table t (id int primary key, v int)',
      subscriber: `create table t (id int primary key, v int) partition by range (id); create table t_1 partition of t default;
        alter table t_1 add unique (v) deferrable initially deferred`,
    },
    {
      because: 'a column is wider here',
      both: 'select',
      provider: one.both,
      subscriber: 'create table t (id int primary key, v bigint)',
    },
    {
      because: 'a column has a type of users',
      both: 'select',
      provider: `create type n as enum ('1', '2'); create table t (id int primary key, v n)`,
      subscriber: `create type n as enum ('1', '2'); create table t (id int primary key, v n)`,
      sql: `insert into t values (1, '1'), (2, '2')`,
    },
  ];
  it.each(cases)(
    '$because',
    async ({ sql = insert, settings = {}, arrive = { rows: { 'public.t': 'I' } }, left, ...sides }) => {
      const pair = await pairOf({ ...one, ...sides });
      await write(pair, sql);
      expect(await arrivals(pair, settings)).toMatchObject([arrive]);
      if (left === undefined) await expectEqual(pair.old, pair.new, ['t']);
      else expect(await onSubscriber(pair, 'select id from t')).toHaveLength(left);
      expect(await errorsOf(pair)).toEqual([]);
    },
  );

  it('the role may not use replica mode', async () => {
    const pair = await following(await installedPair({ provider: 15, subscriber: 17 }), {
      both: 'create table t (id int primary key, v int); create table keyless (v int)',
      tables: ['t', 'keyless'],
    });
    await write(pair, `${insert}; insert into keyless values (1), (1)`);
    expect(await arrivals(pair)).toEqual([{ rows: { 'public.t': 'I' }, events: ['public.keyless'] }]);
    await expectEqual(pair.old, pair.new, ['t', 'keyless']);
  });
});
