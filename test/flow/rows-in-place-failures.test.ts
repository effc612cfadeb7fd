/** Rows that were inserted in place, when something fails or is decided otherwise: the slice is undone, and replayed with events. */
import { expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { arrivals, onceAt } from '../support/arrivals.ts';
import { replayAll, tickNow } from '../support/follow.ts';
import { errorsOf, one, onSubscriber, pairOf, write } from '../support/in-place.ts';
import { expectEqual } from '../support/oracle.ts';
import { until } from '../support/until.ts';

const inPlace = (...tables: string[]) => ({
  rows: Object.fromEntries(
    tables.map((table) => [table.includes('.') ? table : `public.${table}`, 'in place']),
  ),
  events: [],
});

it('a row that fails sets its table aside, and its event is named; other tables go on', async () => {
  const pair = await pairOf({
    both: `create table t (id int primary key, v int); create table u (id int primary key, v int); create table w (id int primary key, v int);
      create table keyless (v int)`,
    subscriber: 'alter table u add check (v < 100); alter table keyless add check (v < 100)',
    tables: ['t', 'u', 'w', 'keyless'],
  });
  await onSubscriber(pair, `set pgtide.applying = on; insert into w values (5, 0)`);
  for (const table of ['t', 'u', 'w'])
    await write(pair, `insert into ${table} select i, i * 10 from generate_series(1, 20) i`);
  await write(pair, 'insert into keyless values (1), (200)');
  await tickNow(pair);
  await replay(pair.shop.context('new'));
  expect(pair.shop.counts.get('retriedWithEvents')).toBe(1);
  await expectEqual(pair.old, pair.new, ['t']);
  expect(await errorsOf(pair)).toMatchObject([
    { table: 'public.keyless', error: expect.stringMatching(/check_violation.*event \d+/) },
    { table: 'public.u', error: expect.stringMatching(/check_violation: table public\.u, .*event \d+$/) },
    { table: 'public.w', error: expect.stringMatching(/unique_violation: .*event \d+/) },
  ]);
  expect(await onSubscriber(pair, 'select * from u union all select * from w')).toEqual([{ id: 5, v: 0 }]);
});

it('a unique value that one slice frees is taken by the next', async () => {
  const pair = await pairOf({ both: 'create table t (id int primary key, v int unique)', tables: ['t'] });
  await write(pair, 'insert into t select i, i from generate_series(1, 10) i');
  await replayAll(pair);
  await write(
    pair,
    'begin; delete from t where id <= 5; insert into t select i + 100, i from generate_series(1, 5) i; commit',
  );
  expect(await arrivals(pair, { maxEvents: 5 })).toEqual([
    { rows: { 'public.t': 'D' }, events: [] },
    inPlace('t'),
  ]);
  await expectEqual(pair.old, pair.new, ['t']);
});

it('rows are undone if their table is set aside meanwhile', async () => {
  const pair = await pairOf(one);
  await write(pair, 'insert into t values (1, 1)');
  const seen = await arrivals(pair, {
    between: onceAt('events.staged', async () => {
      // The table's columns cannot change any more.
      await expect(
        onSubscriber(pair, `set lock_timeout = '100ms'; alter table t alter v type float8`),
      ).rejects.toThrow(/lock timeout/);
      await onSubscriber(pair, `select pgtide.set_aside('shop', 'public.t', 'by an operator')`);
    }),
  });
  expect(seen).toEqual([inPlace('t'), { rows: {}, events: ['public.t'] }]);
  expect(await onSubscriber(pair, 'select * from t')).toEqual([]);
});

it('a column that the provider made narrower sets the table aside, though its rows were in place', async () => {
  const pair = await pairOf({ both: 'create table t (id int primary key, v numeric(12,4))', tables: ['t'] });
  await write(pair, 'insert into t values (1, 1.2345)');
  await replayAll(pair);
  for (const alter of [write, onSubscriber]) await alter(pair, 'alter table t alter v type numeric(12,2)');
  await write(pair, 'alter table t alter v type numeric(12,0)');
  await maintain(pair.shop.context('old'));
  await write(pair, 'insert into t values (2, 2)');
  expect((await arrivals(pair))[0]).toEqual(inPlace('t'));
  expect(await errorsOf(pair)).toMatchObject([{ table: 'public.t' }]);
  expect(await onSubscriber(pair, 'select id from t')).toEqual([{ id: 1 }]);
});

it('a table that is replaced before it is locked gets its rows by its name', async () => {
  const pair = await pairOf({
    both: 'create table a (id int primary key, v int); create table b (id int primary key, v int)',
    tables: ['a', 'b'],
  });
  await write(pair, 'insert into a values (1, 1); insert into b values (1, 1)');
  await pair.new.client(async (other) => {
    await other.query('begin; lock table a');
    const done = arrivals(pair);
    await until('replay waits for the table before it', async () => {
      const waiting = await onSubscriber(
        pair,
        `select from pg_locks where not granted and relation = 'a'::regclass`,
      );
      return waiting.length > 0;
    });
    await other.query(
      'alter table b rename to b_old; create table b (v int, id int constraint b_key primary key); commit',
    );
    expect(await done).toEqual([{ rows: {}, events: ['public.a', 'public.b'] }]);
  });
  await expectEqual(pair.old, pair.new, ['a']);
  expect(await onSubscriber(pair, 'select id, v from b')).toEqual([{ id: 1, v: 1 }]);
  expect(await onSubscriber(pair, 'select * from b_old')).toEqual([]);
});

it('rows of two names that are one table here are applied in one order', async () => {
  const pair = await pairOf({
    both: 'create table a (id int primary key, v int); create table b (id int primary key, v int)',
    tables: ['a', 'b'],
  });
  await write(pair, 'insert into a values (1, 1)');
  await replayAll(pair);
  await onSubscriber(
    pair,
    `alter table a drop constraint a_pkey; update londiste.table_info set dest_table = 'public.a' where table_name = 'public.b'`,
  );
  await write(pair, 'delete from a; insert into b values (1, 2)');
  expect(await arrivals(pair)).toEqual([
    { rows: { 'public.a': 'D', 'public.b': 'in place' }, events: [] },
    { rows: {}, events: ['public.a', 'public.b'] },
  ]);
  expect(await onSubscriber(pair, 'select id, v from a')).toEqual([{ id: 1, v: 2 }]);
});

/** A check of the subscriber that takes 0.04 s for each row. */
const slow = (...tables: string[]) =>
  tables.map((table) => `alter table ${table} add check (pg_sleep(0.04)::text is not null)`).join(';');

it.each([
  { where: 'in one table', tables: ['a'], rows: 150 },
  { where: 'in several tables together', tables: ['a', 'b', 'c'], rows: 50 },
])('rows that take too long $where are tried again with a tenth of them', async ({ tables, rows }) => {
  const both = tables.map((table) => `create table ${table} (id int primary key, v int)`).join(';');
  const pair = await pairOf({ both, subscriber: slow(...tables), tables });
  for (const table of tables)
    await write(pair, `insert into ${table} select i, i from generate_series(1, ${rows}) i`);
  await tickNow(pair);
  // Time stands still for the run: its statements may take 4 s, and all rows together take 6 s. Of 150 events slices have 15, 30, 60 and 45.
  const clock = { now: () => 0 };
  const counts = new Map<string, number>();
  await replay(
    pair.shop.context('new', {
      clock,
      budget: new Budget(clock, 8000),
      count: (name, by) => void counts.set(name, (counts.get(name) ?? 0) + by),
    }),
  );
  expect([counts.get('timeouts'), counts.get('slices')]).toEqual([1, 3]);
  await expectEqual(pair.old, pair.new, tables);
});

it('a table takes rows in place only if its code is ours, and fails at once', async () => {
  const pair = await pairOf({ ...one, subscriber: 'create table parent (id int primary key)' });
  const theirs = pair.old.owner;
  await pair.new.superuser((client) =>
    client.query(`
      create schema hers authorization ${theirs}; grant all on schema hers to replicator;
      set role replicator; create schema mine;
      create table mine.fine (id int primary key, v int references public.parent deferrable initially deferred, w int check (w > abs(v)));
      create table mine.parts_fine (id int) partition by range (id); create table mine.part_fine partition of mine.parts_fine default;
      create table mine.always (like mine.fine, foreign key (v) references public.parent deferrable);
      create table mine.late (id int unique deferrable);
      create table hers.schema (id int primary key);
      create table mine.parts (id int) partition by range (id); create table mine.part partition of mine.parts default;
      create table mine.inherited (id int); create table mine.inheriting () inherits (mine.inherited);
      create function mine.ask(int) returns bool language sql immutable as 'select true';
      create table mine.checked (id int check (mine.ask(id)));
      create domain mine.asked as int check (mine.ask(value)); create domain mine.again as mine.asked[];
      create table mine.domains (id mine.again);
      create view mine.view as select 1 as id; create table mine.theirs (id int);
      reset role; alter table mine.part owner to ${theirs}; alter table mine.theirs owner to ${theirs};
      do $$ declare n name; begin for n in select tgname from pg_trigger where tgrelid = 'mine.always'::regclass loop
        execute format('alter table mine.always enable always trigger %I', n); end loop; end $$`),
  );
  expect(
    await onSubscriber(
      pair,
      `select c.relname::text as name from pg_class c where c.relnamespace in ('mine'::regnamespace, 'hers'::regnamespace)
        and c.relkind in ('r', 'p', 'v') and pgtide._takes_copy(c.oid) order by 1`,
    ),
  ).toEqual([{ name: 'fine' }, { name: 'parts_fine' }]);
  expect(await onSubscriber(pair, 'select pgtide._takes_copy(1) as takes')).toEqual([{ takes: false }]);
});

it('rows that went into another table, because the schema was replaced, are undone', async () => {
  const schema = 'create schema s; create table s.t (id int primary key, v int)';
  const pair = await pairOf({
    both: `create table a (id int primary key, v int); ${schema}`,
    tables: ['a', 's.t'],
  });
  await write(pair, 'insert into a values (1, 1); insert into s.t values (1, 1)');
  await pair.new.client(async (other) => {
    // The COPY into a waits for the end of this key.
    await other.query('begin; set local pgtide.applying = on; insert into a values (1, 2)');
    const done = arrivals(pair);
    await until('replay waits for the key', async () => {
      const waiting = await onSubscriber(
        pair,
        `select from pg_locks where not granted and locktype = 'transactionid'`,
      );
      return waiting.length > 0;
    });
    await onSubscriber(pair, `alter schema s rename to s_old; ${schema}`);
    await other.query('rollback');
    expect(await done).toEqual([inPlace('a', 's.t'), { rows: {}, events: ['public.a', 's.t'] }]);
  });
  expect(await onSubscriber(pair, 'select id from s_old.t')).toEqual([]);
  expect(await onSubscriber(pair, 'select id from s.t')).toEqual([{ id: 1 }]);
});
