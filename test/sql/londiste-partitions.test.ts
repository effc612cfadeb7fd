/**
 * C1: Londiste's partition functions: a partition is like its parent, whatever the names, and old partitions are found by
 * their names.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { demand, makeFollower, makeRoot } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await createRole(db.server, 'partition_reader');
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(
        'drop schema if exists shop cascade; create schema shop; set client_min_messages = warning',
      ),
    ),
  );

  const create = (
    client: Client,
    table: string,
    part: string,
    rest: Partial<Record<string, unknown>> = {},
  ) => {
    const { field = 'ctime', time = '2011-01-10 11:00+00', period = 'month' } = rest;
    return client
      .first<{ made: number }>('select londiste.create_partition($1, $2, $3, $4, $5, $6) as made', [
        table,
        part,
        'id',
        field,
        time,
        period,
      ])
      .then((row) => row?.made);
  };
  const check = async (client: Client, table: string) =>
    (
      await client.first<{ def: string }>(
        `select pg_get_constraintdef(oid) as def from pg_constraint
          where conrelid = londiste.find_table_oid($1) and contype = 'c' and conname like '%ctime%'`,
        [table],
      )
    )?.def;

  test('A partition has the columns, keys, indexes, grants, triggers and rules of its parent', () =>
    db.client(async (client) => {
      await client.query(`create table shop.events (id int primary key, txt text not null default 'x', ctime timestamptz not null);
        create index on shop.events (ctime);
        grant select on shop.events to public; grant update, delete on shop.events to partition_reader with grant option;
        create function shop.none() returns trigger language plpgsql as 'begin return new; end';
        create trigger a before insert on shop.events for each row execute procedure shop.none();
        create trigger b after delete on shop.events for each row execute procedure shop.none();
        create constraint trigger c after update of txt, id on shop.events deferrable for each row execute procedure shop.none();
        alter table shop.events enable always trigger a, disable trigger b, enable replica trigger c;
        create rule dups as on insert to shop.events where exists (select from shop.events e where e.id = new.id) do instead nothing;
        alter table shop.events enable always rule dups;
        set timezone = 'UTC'`);
      expect(await create(client, 'shop.events', 'shop.events_2011_01')).toBe(1);
      expect(await create(client, 'shop.events', 'shop.events_2011_01')).toBe(0);
      const about = async (table: string) => {
        const row = await client.first<{ about: unknown }>(
          `select json_build_object(
             'owner', c.relowner::regrole,
             'columns', (select json_agg((a.attname, a.atttypid, a.attnotnull, a.atthasdef)::text order by a.attnum)
                           from pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
             'indexes', (select json_agg((i.indisprimary, i.indkey)::text order by i.indkey::text) from pg_index i where i.indrelid = c.oid),
             'grants', (select json_agg((a.grantor, a.grantee, a.privilege_type, a.is_grantable)::text order by a.grantee, a.privilege_type)
                          from aclexplode(c.relacl) a),
             'triggers', (select json_agg((t.tgname, t.tgtype, t.tgenabled, t.tgattr, t.tgdeferrable, t.tgfoid)::text order by t.tgname)
                            from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
             'rules', (select json_agg((r.rulename, r.ev_enabled, r.ev_type)::text) from pg_rewrite r where r.ev_class = c.oid))::jsonb as about
           from pg_class c where c.oid = $1::regclass`,
          [table],
        );
        return row?.about;
      };
      expect(await about('shop.events_2011_01')).toEqual(await about('shop.events'));
      expect(await check(client, 'shop.events_2011_01')).toMatch(
        /ctime >= '2011-01-01 00:00:00\+00'.*ctime < '2011-02-01 00:00:00\+00'/,
      );
      await client.query(`insert into shop.events_2011_01 values (1, 'a', '2011-01-31')`);
      expect(await client.query('select id from shop.events')).toEqual([{ id: 1 }]);
      expect(
        (await stateOf(client.query(`insert into shop.events_2011_01 values (2, 'a', '2011-02-01')`)))?.[0],
      ).toBe('23514');
    }));

  test('Names of tables, columns, triggers and rules may hold anything', () =>
    db.client(async (client) => {
      const name = `Bad " table '.' name! ON shop.x $$`;
      const quoted = `shop."${name.replaceAll('"', '""')}"`;
      const evil = `"t ON ${quoted.replaceAll('"', '""')} x"`;
      await client.query(`create table ${quoted} (id int primary key, ${evil} text, "C'time" timestamptz);
        create function shop."no""ne"() returns trigger language plpgsql as 'begin return new; end';
        create trigger ${evil} before update of ${evil}, id on ${quoted} for each row execute procedure shop."no""ne"('ON ${quoted.replaceAll("'", "''")} ');
        create rule ${evil} as on delete to ${quoted} where old.${evil} = ' TO ${quoted.replaceAll("'", "''")}' do instead nothing`);
      const part = `shop.part of '${name}`;
      expect(await create(client, `shop.${name}`, part, { field: "C'time" })).toBe(1);
      const found = await client.first(
        `select (select count(*)::int from pg_trigger t where t.tgrelid = c.oid) as triggers,
                (select count(*)::int from pg_rewrite r where r.ev_class = c.oid) as rules,
                (select count(*)::int from pg_inherits i where i.inhrelid = c.oid) as parents
           from pg_class c where c.relname = $1::name`,
        [part.slice('shop.'.length)],
      );
      expect(found).toEqual({ triggers: 1, rules: 1, parents: 1 });
      // A name that PostgreSQL truncates finds the same table again.
      const long = `shop.${'x'.repeat(80)}`;
      expect([
        await create(client, `shop.${name}`, long, { field: null }),
        await create(client, `shop.${name}`, long),
      ]).toEqual([1, 0]);
    }));

  test('A range is one of the session’s time zone, and there may be none', () =>
    db.client(async (client) => {
      await client.query(`create table shop.events (id int primary key, ctime timestamptz, day date)`);
      await client.query(`set timezone = 'Asia/Tokyo'; set datestyle = 'German, DMY'`);
      await create(client, 'shop.events', 'shop.tokyo', { time: '2011-01-01 20:00+00', period: 'day' });
      await client.query(`set timezone = 'UTC'; set datestyle = 'ISO, MDY'`);
      expect(await check(client, 'shop.tokyo')).toMatch(
        /ctime >= '2011-01-01 15:00:00\+00'.*ctime < '2011-01-02 15:00:00\+00'/,
      );
      await create(client, 'shop.events', 'shop.unbounded', { field: '', time: null, period: null });
      expect(await check(client, 'shop.unbounded')).toBeUndefined();
    }));

  test('What cannot be created is reported, and nothing is created', () =>
    db.client(async (client) => {
      await client.query('create table shop.events (id int primary key, ctime timestamptz)');
      const fails = (table: string | null, part: string | null, rest = {}) =>
        stateOf(create(client, table as string, part as string, rest));
      expect(await fails(null, 'shop.p')).toEqual(['TD001', 'need table and part']);
      expect(await fails('shop.events', null)).toEqual(['TD001', 'need table and part']);
      expect(await fails('shop.none', 'shop.p')).toEqual(['TD002', 'relation "shop.none" does not exist']);
      expect(await fails('shop.events', 'nowhere.p')).toEqual([
        'TD002',
        'schema of "nowhere.p" does not exist',
      ]);
      expect(await fails('shop.events', 'shop.p', { time: null })).toEqual([
        'TD001',
        'need part time and period',
      ]);
      expect(await fails('shop.events', 'shop.p', { time: 'infinity' })).toEqual([
        'TD001',
        'need part time and period',
      ]);
      expect(
        (await fails('shop.events', 'shop.p', { period: `day'); drop table shop.events; --` }))?.[0],
      ).toBe('22023');
      expect((await fails('shop.events', 'shop.p', { field: 'none' }))?.[0]).toBe('42703');
      expect(await client.first(`select to_regclass('shop.p') as part`)).toEqual({ part: null });
    }));

  test('It is made as the parent’s owner, whose indexes may call code of his', async () => {
    const owner = 'partition_owner';
    await createRole(db.server, owner);
    await db.client((client) => client.query(`drop schema shop`));
    await db.superuser((client) =>
      client.query(`create schema shop authorization ${owner}; grant usage on schema shop to public;
        grant ${owner} to ${db.owner}; set role ${owner};
        create function shop.spy(text) returns text language plpgsql immutable as $$ begin
          if current_user <> '${owner}' then raise 'code of the owner runs as %', current_user; end if; return $1; end $$;
        create table shop.hers (id int primary key, ctime timestamptz, check (shop.spy('x') = 'x'));
        create index on shop.hers (ctime) where shop.spy('x') = 'x'`),
    );
    await db.client((client) => create(client, 'shop.hers', 'shop.hers_1'));
    await db.superuser((client) => create(client, 'shop.hers', 'shop.hers_2'));
    await db.superuser(async (client) => {
      expect(
        await client.query(
          `select distinct relowner::regrole::text as owner from pg_class where relnamespace = 'shop'::regnamespace`,
        ),
      ).toEqual([{ owner }]);
      await client.query('drop schema shop cascade');
    });
  });

  test('It is made with the caller’s rights, belongs to the parent’s owner, and leaks no secured rows', () =>
    db.client(async (client) => {
      await client.query(`create table shop.events (id int primary key, ctime timestamptz);
        alter table shop.events enable row level security; grant select on shop.events to partition_reader`);
      await db.superuser((superuser) => create(superuser, 'shop.events', 'shop.secured'));
      expect(
        await client.first(
          `select relowner::regrole::text as owner, relrowsecurity as secured from pg_class where oid = 'shop.secured'::regclass`,
        ),
      ).toEqual({ owner: db.owner, secured: true });
      await db.superuser((superuser) =>
        superuser.query(`grant usage, create on schema shop to partition_reader;
          grant execute on all functions in schema londiste to partition_reader; grant update on londiste.table_info to partition_reader`),
      );
      await using other = await db.open('partition_reader');
      expect((await stateOf(create(other.client, 'shop.events', 'shop.mine')))?.[0]).toBe('42501');
    }));

  test('A captured table gets none, since its rows would not all be captured; a guarded one gets guarded ones', () =>
    db.client(async (client) => {
      await client.query(
        'create table shop.events (id int primary key, ctime timestamptz); create table shop.copy (like shop.events including all)',
      );
      await demand(client, 'londiste.local_add_table', await makeRoot(client), 'shop.events');
      expect((await stateOf(create(client, 'shop.events', 'shop.p')))?.[0]).toBe('TD003');
      const leaf = await makeFollower(client, 'leaf');
      await demand(client, 'londiste.global_add_table', leaf, 'shop.copy');
      await demand(client, 'londiste.local_add_table', leaf, 'shop.copy');
      expect(await create(client, 'shop.copy', 'shop.copy_1', { field: null })).toBe(1);
      expect(await stateOf(client.query('insert into shop.copy_1 values (1)'))).toEqual([
        'TD003',
        `Table 'shop.copy_1' to queue '${leaf}': change not allowed (INSERT)`,
      ]);
    }));

  test('Obsolete partitions are known by their names, listed and dropped', () =>
    db.client(async (client) => {
      const named = async (age: string, format: string) =>
        (
          await client.first<{ name: string }>(`select 'E.v ' || to_char(now() - $1::interval, $2) as name`, [
            age,
            format,
          ])
        )?.name;
      for (const [period, format, unit] of [
        ['year', '_YYYY', '1 year'],
        ['month', '_YYYY_MM', '1 month'],
        ['day', '_YYYY_MM_DD', '1 day'],
        ['hourly', '_YYYY_MM_DD_HH24', '1 hour'],
      ] as const) {
        const is = async (age: string) =>
          (
            await client.first<{ old: boolean }>(
              'select londiste.is_obsolete_partition($1, $2::interval, $3) as old',
              [await named(age, format), `${unit.replace('1', '3')}`, period],
            )
          )?.old;
        expect([await is(unit.replace('1', '5')), await is(unit)]).toEqual([true, false]);
      }
      expect(
        await client.first(`select londiste.is_obsolete_partition('events', '1 day', 'day') as bare,
          londiste.is_obsolete_partition('events_2001_01', '1 day', 'day') as shorter, londiste.is_obsolete_partition(null, '1 day', 'day') as none`),
      ).toEqual({ bare: null, shorter: null, none: null });
      expect(
        await stateOf(client.query(`select londiste.is_obsolete_partition('e_2001', '1 day', 'century')`)),
      ).toEqual(['TD001', 'not supported i_partition_period: century']);

      await client.query(`create schema "sh.op"; create table "sh.op"."E.v" (id int);
        create table "sh.op"."E.v_2001_01_02" (id int); create table "sh.op"."E.v_2001_01_03" () inherits ("sh.op"."E.v");
        create table "sh.op"."E.v_2999_01_01" (id int); create table "sh.op"."ExvX_2001_01_02" (id int); create table "sh.op"."Exv_2001_01_02" (id int)`);
      const call = async (name: string) =>
        (
          await client.query<{ part: string }>(
            `select londiste.${name}('sh.op.E.v', '1 year', 'day') as part`,
          )
        ).map(({ part }) => part);
      const old = ['"sh.op"."E.v_2001_01_02"', '"sh.op"."E.v_2001_01_03"'];
      expect(await call('list_obsolete_partitions')).toEqual(old);
      expect(await call('drop_obsolete_partitions')).toEqual(old);
      expect(await call('list_obsolete_partitions')).toEqual([]);
      expect(
        await client.first(`select count(*)::int as left from pg_tables where schemaname = 'sh.op'`),
      ).toEqual({ left: 4 });
      await client.query('drop schema "sh.op" cascade');
    }));
});
