/**
 * Capture stores changed rows with the types of their columns, in row tables. Readers get them as the same events as ever, and nothing that
 * users do with their tables and types meets a row table.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { ownServer, type ServerAddress } from '../support/database.ts';
import { consume, nextBatch, tickNow } from '../support/queue.ts';
import { type RowStory, refresh, stored, withRowTable } from '../support/row-tables.ts';
import { withOthers } from '../support/versions.ts';

/** A value of each type whose text depends on settings, on modifiers or on who writes it. */
const VALUES = `
  create type mood as enum ('calm', 'wild');
  create type pair as (a int, b float8);
  create domain positive as int check (value > 0);
  create domain moods as mood[];
  create table t (
    id int primary key, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, np numeric(10, 3), m money, x text collate "C", v varchar(5),
    c char(5), nm name, ch "char", by bytea, d date, ts timestamp, tz timestamptz, ti time, tt timetz, iv interval, u uuid, j json, jb jsonb,
    ip inet, ci cidr, ma macaddr, bi bit(3), vb bit varying(5), po point, ra int4range, tr tstzrange, ai int[], an numeric[], at text[],
    af float8[], q tsquery, tv tsvector, xm xml, e mood, ea mood[], p pair, pa pair[], dom positive, dm moods, rc regclass, lsn pg_lsn, oi oid,
    "Weird ""name"" %s" text, ev_id int, ev_op int, c1 int);
  insert into t select 1, true, 2, 3, 0.1, 1e300, 'NaN', 1.5, 12.34, 'ü\\x''"', 'abc', 'ab', 'nm', 'x', '\\x00ff', '2026-02-03', '2026-02-03 04:05:06.7',
    '2026-02-03 04:05:06+09', '04:05', '04:05+02', '1 mon 2 days 03:04:05.6', '00000000-0000-0000-0000-000000000001', '{"b": 1, "a" :null}',
    '{"b":1,"a":null}', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'10', '(1,2)', '[1,5)', '[2026-02-03 04:05:06+09,)', '[0:1]={1,2}',
    '{1.50,NULL}', array['a,b', null, 'c"d'], '{0.1,Infinity}', 'a & b', 'a:1 b:2', '<a>1</a>', 'wild', '{calm,wild}', '(1,0.1)',
    array['(2,0.3)'::pair], 5, '{wild}', 'pg_class', '0/16B3748', 7, 'weird', 8, 9, 10;
  insert into t (id, f8, iv) values (2, '-Infinity', '-1 day');
  insert into t (id) values (3)`;

describe.each(withOthers([10, 15, 18]))('row tables on PostgreSQL %i', (version) => {
  let server: ServerAddress;
  beforeAll(async () => {
    // A separate server: a transaction that runs in another database holds rotation, too.
    server = await ownServer({ version });
  });
  const withTable = (setUp: string, story: RowStory) => withRowTable(server, setUp, story);

  test('give the events that would have been stored as text', async () => {
    await withTable(VALUES, async (client) => {
      await client.query('update t set id = id');
      expect(await stored(client)).toEqual({ tables: 1, events: 0 });
      await client.transaction({}, async () => {
        await client.query(`select pgtide.pin_settings(null)`);
        await client.query(
          `do $$ begin execute 'with pgtide_new as (select * from public.t) '
             || pgtide.capture_statement('public.t'::regclass, 'public.t'::regclass, 'pgq.event_1_0', 'UPDATE'); end $$`,
        );
      });
      const events = await client.query<{ type: string; data: string }>(
        `select ev_type as type, ev_data as data, ev_extra1, ev_extra2, ev_extra4 from pgtide.stored_events() where ev_extra1 = 'public.t' order by ev_id`,
      );
      expect(events).toHaveLength(6);
      expect(events.slice(0, 3)).toEqual(events.slice(3));
    });
  });

  test('are read with the same text under any settings, by functions and by cursors', async () => {
    await withTable(VALUES, async (client, queue) => {
      await client.query('delete from t');
      const expected = (
        await client.query<{ data: string }>(
          `select ev_data as data from pgtide.stored_events() where ev_extra1 = 'public.t'`,
        )
      ).map(({ data }) => data);
      await tickNow(client, queue);
      const batch = await nextBatch(client, queue, 'reader');
      await client.transaction({}, async () => {
        await client.query(
          `set local datestyle = 'SQL, DMY'; set local intervalstyle = 'iso_8601'; set local timezone = 'Asia/Tokyo';
           set local extra_float_digits = 0; set local bytea_output = 'escape'`,
        );
        for (const read of [
          `pgq.get_batch_events(${batch})`,
          `pgq.get_batch_cursor(${batch}, 'all', 2) union all select ev_data from pgq.get_batch_cursor(${batch}, 'more', 10, 'ev_id > 2')`,
        ]) {
          const rows = await client.query<{ data: string }>(`select ev_data as data from ${read}`);
          expect(rows.slice(0, 2).map(({ data }) => data)).toEqual(expected.slice(0, 2));
        }
        const rest = await client.query<{ ev_data: string }>('fetch all from "all"');
        expect(rest.map(({ ev_data }) => ev_data)).toEqual(expected.slice(2));
      });
    });
  });

  test('are read under the settings under which capture writes text', async () => {
    await withTable('create table t (id int primary key)', async (client) => {
      expect(
        await client.query(
          `select s.name || '=' || s.value as missing from pgtide._pinned_settings() s
            where not exists (select from pg_proc p cross join unnest(p.proconfig) c (setting)
                               where p.oid = 'pgq._row_events(bigint)'::regprocedure
                                 and lower(c.setting) = lower(s.name || '=' || s.value))`,
        ),
      ).toEqual([]);
    });
  });

  test('are read with stored events in the order of both, whatever the table becomes', async () => {
    await withTable('create table t (id int primary key, n int)', async (client, queue) => {
      await client.query('insert into t values (1, 1)');
      await client.query(`select pgq.insert_event($1, 'mail', 'between')`, [queue]);
      await client.query('update t set n = 2');
      await client.query('alter table t rename n to m; alter table t add x text');
      await client.query(`insert into t values (2, 2, 'new')`);
      await refresh(client);
      await client.query(`update t set x = 'newer' where id = 2`);
      await client.query('alter table t alter x type int using 7');
      await client.query('delete from t where id = 1');
      await refresh(client);
      await client.query('alter table t drop m; truncate t; insert into t values (5, 5)');
      await tickNow(client, queue);
      const events = await consume(client, queue, 'reader');
      expect(events.map(({ ev_data }) => ev_data)).toEqual([
        '{"id":1,"n":1}',
        'between',
        '{"id":1,"n":2}',
        '{"id":2,"m":2,"x":"new"}',
        '{"id":2,"m":2,"x":"newer"}',
        '{"id":1,"m":2,"x":7}',
        '',
        '{"id":5,"x":5}',
      ]);
      const ids = events.map(({ ev_id }) => Number(ev_id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
    });
  });

  test('do not depend on types of users, which can be altered and dropped', async () => {
    await withTable(
      `create type mood as enum ('calm'); create domain positive as int; create table t (id int primary key, m mood, p positive, ms mood[])`,
      async (client) => {
        await client.query(`insert into t values (1, 'calm', -1, '{calm}')`);
        await client.query('update t set p = 1');
        await client.query('alter domain positive add check (value > 0)');
        await client.query('drop table t; drop type mood; drop domain positive');
        expect(
          await client.query(`select ev_data from pgtide.stored_events() where ev_extra1 = 'public.t'`),
        ).toEqual([
          { ev_data: '{"id":1,"m":"calm","p":-1,"ms":"{calm}"}' },
          { ev_data: '{"id":1,"m":"calm","p":1,"ms":"{calm}"}' },
        ]);
      },
    );
  });

  test.each([
    ['1,595 columns', (n: number) => `c${n} "char"`, 1594],
    ['columns of a fixed size that fill a page', (n: number) => `c${n} int8 default 1`, 1010],
    ['short texts that fill a page', (n: number) => `c${n} text default repeat('x', 22)`, 340],
  ])('are not made for a table with %s, whose rows would not fit', async (_name, column, count) => {
    const columns = Array.from({ length: count }, (_, nr) => column(nr + 1)).join(', ');
    await withTable(`create table t (id int primary key, ${columns})`, async (client) => {
      await client.query('insert into t values (1); update t set id = 1');
      expect(await stored(client)).toEqual({ tables: 0, events: 2 });
    });
  });

  test('hold both rows of an update of a table without a key', async () => {
    await withTable(
      'create table t (a int, b mood)'.replace('create', `create type mood as enum ('x', 'y'); create`),
      async (client) => {
        await client.query(`insert into t values (1, 'x'), (1, 'x'); update t set b = 'y'`);
        expect(await stored(client)).toEqual({ tables: 1, events: 0 });
        expect(
          await client.query(
            `select ev_data as new, ev_extra2 as old from pgtide.stored_events() where ev_extra1 = 'public.t' and ev_type like '%UPDATE%'`,
          ),
        ).toEqual([1, 2].map(() => ({ new: '{"a":1,"b":"y"}', old: '{"a":1,"b":"x"}' })));
      },
    );
  });
});
