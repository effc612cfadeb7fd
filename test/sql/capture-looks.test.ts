/**
 * C14 on the provider: capture looks into a table to settle the order of its events, and reads a partition that is truncated. It is
 * SECURITY DEFINER code of pgtide's owner, and so it looks into a table of another role as that role, or not at all: whatever that
 * role has put there, and whenever. A write never fails because it could not be looked.
 */
import { describe, expect, it } from 'vitest';
import { createRole } from '../support/database.ts';
import { capture, data, type Stage, stageOf, typesOf } from '../support/foreign-types.ts';
import { stateOf } from '../support/queue.ts';
import { until } from '../support/until.ts';

/** pgtide's owner is a member of the one, and has grants of the other alone. */
const MEMBER = 'mallory_capture_looks';
const APART = 'mallory_apart';

/** Fails for anybody but her. */
const spyOf = (
  mallory: string,
) => `create function spy(text) returns text language plpgsql immutable as $$ begin
  if current_user <> '${mallory}' then raise 'code of the owner runs as %', current_user; end if; return $1; end $$;`;

/** A row trigger that changes the row once more: the inner statement is captured first. */
const again = `create function again() returns trigger language plpgsql as $$ begin
    if new.n < 10 then update hers.t set n = n + 10 where id = new.id; end if; return null; end $$;
  create trigger again after insert or update on t for each row execute procedure again();`;

const replaceRow = (id: number, n: number) => `with gone as (delete from t where id = ${id} returning id),
  back as (insert into t select id, ${n} from gone returning id)
  delete from t where id < 0 and (select count(*) from back) > 0`;

const problems = async ({ owner }: Stage) =>
  (
    await owner.query<{ message: string; remedy: string }>(
      `select message, remedy from pgtide.capture_problems('shop') where code = 'order-unsettled'`,
    )
  ).map(({ message, remedy }) => `${message} / ${remedy}`);

/** Makes the queue a root's, and adds the table. */
async function addTable({ owner, mallory }: Stage, table: string): Promise<void> {
  await mallory.query(`grant select, trigger on ${table} to public`);
  await owner.query(`select pgq_node.register_location('shop', 'old', 'dbname=old', false),
    pgq_node.create_node('shop', 'root', 'old', 'old.w', null, null, null)`);
  expect(await owner.query(`select (londiste.local_add_table('shop', $1)).ret_code`, [table])).toEqual([
    { ret_code: 200 },
  ]);
}

const giveToUs = (on: Stage, table: string) =>
  on.database.superuser((client) =>
    client.query(
      `alter table hers.${table} owner to ${on.database.owner}; grant all on hers.${table} to ${MEMBER}`,
    ),
  );

/** In the form that Londiste's followers read, which create_node has chosen; in whatever event table. */
const lastRow = async ({ owner }: Stage) =>
  (await owner.first<{ data: string }>('select ev_data as data from pgq.event_1 order by ev_id desc limit 1'))
    ?.data;

const lookFunction = `select p.oid::regprocedure::text as name from pg_proc p where p.proname like 'look\\_as\\_%'
  and p.proowner = '${MEMBER}'::regrole`;

describe.each([10, 17])('on PostgreSQL %i', (version) => {
  it.each([
    ['hers', 'json'],
    ['hers', 'url'],
    ['ours', 'json'],
    ['ours', 'url'],
  ] as const)('settles what statements do twice to a row of a table of %s, in %s', async (whose, form) => {
    const setUp = `${spyOf(MEMBER)} create table t (id int primary key, n int, b bool, at timestamp default '2020-02-03 04:05:06');
      ${whose === 'hers' ? `create index on t (n) where spy('x') = 'x';` : ''} ${again}`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      if (whose === 'ours') await giveToUs(on, 't');
      else await on.mallory.query('grant select, trigger on t to public');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', $1)`, [form]);
      await on.mallory.query(`set datestyle = 'SQL, DMY'; insert into t values (1, 1, true), (2, 12, null)`);
      for (const isolation of ['read committed', 'repeatable read'])
        for (const change of [
          'update t set n = 5 where id = 1',
          replaceRow(1, 33),
          'delete from t where id = 2',
          'insert into t values (2, 12, false)',
        ])
          await on.mallory.query(`begin isolation level ${isolation}; ${change}; commit`);
      const rows = await on.owner.query<{ event: string }>(
        `select left(ltrim(replace(ev_type, '"op":"', ''), '{'), 1) || ' ' || ev_data as event from pgq.event_1 order by ev_id`,
      );
      const row = (op: string, id: number, n: number, b: boolean | null) => {
        if (form === 'json') return `${op} {"id":${id},"n":${n},"b":${b},"at":"2020-02-03T04:05:06"}`;
        return `${op} id=${id}&n=${n}&b${b === null ? '' : `=${b ? 't' : 'f'}`}&at=2020-02-03+04%3a05%3a06`;
      };
      const round = (before: boolean | null) => [
        row('U', 1, 15, true),
        row('U', 1, 33, null),
        row('D', 2, 12, before),
        row('I', 2, 12, false),
      ];
      const [first, second] = [round(null), round(false)];
      second[0] = row('U', 1, 15, null);
      expect(rows.map(({ event }) => event)).toEqual([
        row('I', 2, 12, null),
        row('I', 1, 11, true),
        ...first,
        ...second,
      ]);
    });
  });

  it.each(
    ['mood', 'calm', 'checked', 'deep', 'pair', 'mood[]', 'span', 'jsonb', 'halves'].flatMap((type) =>
      (['hers', 'ours'] as const).map((whose) => [type, whose] as const),
    ),
  )('settles nested changes by a key of type %s, in a table of %s', async (type, whose) => {
    const [one, two] = {
      deep: [`row('a')::deep`, `row('b')::deep`],
      pair: [`row(1, 'a')::pair`, `row(1, 'b')::pair`],
      span: [`'[1,3)'`, `'[2,3)'`],
      'mood[]': [`'{calm}'`, `'{wild}'`],
      calm: [`'calm'`, `'wild'`],
      mood: [`'calm'`, `'wild'`],
      checked: [`'a'`, `'b'`],
      jsonb: [`'{"a": 1}'`, `'{"b": 1}'`],
      halves: [`row(null, 'a')::halves`, `row(null, 'b')::halves`],
    }[type] ?? ['', ''];
    const setUp = `${typesOf(MEMBER)}; create type halves as (a int, b text); create table t (k ${type} primary key, nr int, n int);
      create function again() returns trigger language plpgsql as $$ begin
        if new.n < 10 then update hers.t set n = n + 10 where nr = new.nr; end if; return null; end $$;
      create trigger again after insert or update on t for each row execute procedure again()`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      if (whose === 'ours') await giveToUs(on, 't');
      else await on.mallory.query('grant select, trigger on t to public');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
      await on.mallory.query(`insert into t values (${one}, 1, 1), (${two}, 2, 1)`);
      await on.mallory.query('update t set n = 5 where nr = 1');
      await on.mallory.query('delete from t where nr = 1');
      await on.mallory.query(`with gone as (delete from t where nr = 2 returning k),
        back as (insert into t select k, 3, 20 from gone returning nr)
        delete from t where nr = 9 and (select count(*) from back) > 0`);
      await on.mallory.query(`update t set k = ${one}`);
      expect((await data(on.owner)).map(({ nr, n }) => [nr, n])).toEqual([
        [1, 11],
        [2, 11],
        [1, 15],
        [1, 15],
        [3, 20],
        [3, 20],
        [3, 20],
      ]);
    });
  });

  it.each(
    (['hers', 'ours'] as const).flatMap((whose) =>
      (['json', 'url'] as const).map((form) => [whose, form] as const),
    ),
  )('settles what is deleted, made or renamed meanwhile, in a table of %s, in %s', async (whose, form) => {
    const setUp = `create table t (id int primary key, n int);
      create function gone() returns trigger language plpgsql as $$ begin
        if new.n = 9 then delete from hers.t where id = new.id; end if; return null; end $$;
      create trigger gone after update on t for each row execute procedure gone()`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      if (whose === 'ours') await giveToUs(on, 't');
      else await on.mallory.query('grant select, trigger on t to public');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', $1)`, [form]);
      let seen = 0n;
      const events = async () => {
        const rows = await on.owner.query<{ id: bigint; event: string }>(
          `select ev_id as id, left(replace(ev_type, '{"op":"', ''), 1) || ' ' || translate(ev_data, ':,{}"', '=&') as event
             from pgq.event_1 where ev_id > $1 order by ev_id`,
          [seen],
        );
        seen = rows.at(-1)?.id ?? seen;
        return rows.map(({ event }) => event);
      };
      const of = (op: string, id: number, n: number, key = 'id') => `${op} ${key}=${id}&n=${n}`;
      await on.mallory.query('insert into t values (1, 1)');
      expect(await events()).toEqual([of('I', 1, 1)]);
      await on.mallory.query('update t set n = 9');
      expect((await events()).map((event) => event.slice(0, 6))).toEqual(['D id=1']);
      // The key was not there before the transaction.
      await on.mallory.query(`begin; insert into t values (3, 10); ${replaceRow(3, 22)}; commit`);
      expect(await events()).toEqual([of('I', 3, 22)]);
      if (whose === 'ours') return;
      await on.mallory.query('insert into t values (10, 0), (11, 0)');
      await events();
      await on.mallory.query(`begin; insert into t values (20, 1); delete from t where id = 10; alter table t rename id to key;
        with gone as (delete from t where key = 11 returning key), back as (insert into t select key, 7 from gone returning key)
        delete from t where key < 0 and (select count(*) from back) > 0; commit`);
      expect(await events()).toEqual([of('I', 20, 1), of('D', 10, 0), of('U', 11, 7, 'key')]);
    });
  });

  it.each(['hers', 'ours'] as const)(
    'looks many keys up, and each of them, in a table of %s',
    async (whose) => {
      const setUp = `create table t (id int primary key, n int); create index on t ((n + 1)) where n > 0`;
      await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
        if (whose === 'ours') await giveToUs(on, 't');
        await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
        await on.mallory.query('insert into t select g, 0 from generate_series(1, 20000) g');
        await on.mallory.query(`with gone as (delete from t returning id),
        back as (insert into t select id, 7 from gone where id < 9000 or id in (9999, 10000, 20000) returning id)
        delete from t where id < 0 and (select count(*) from back) > 0`);
        const last = await on.owner.query<{ op: string; keys: number; sum: number }>(
          `select op, count(*)::int as keys, sum(id)::int as sum
         from (select distinct on (id) substr(ev_type, 8, 1) as op, (ev_data::json->>'id')::int as id from pgq.event_1 order by id, ev_id desc) e
         where op <> 'D' group by op`,
        );
        expect(last).toEqual([{ op: 'U', keys: 9002, sum: (8999 * 9000) / 2 + 9999 + 10000 + 20000 }]);
      });
    },
  );

  it('does not look into a table whose owner it may not act for, and says so until it may', async () => {
    const setUp = `${spyOf(APART)} create table t (id int primary key, n int); ${again}`;
    await stageOf(APART, { version, setUp }, async (on) => {
      await addTable(on, 'hers.t');
      await on.mallory.query(
        `create index on t (n) where spy('x') = 'x'; insert into t values (1, 1), (2, 20)`,
      );
      await on.mallory.query(
        `update t set n = 5 where id = 1; delete from t where id = 2; ${replaceRow(1, 33)}`,
      );
      const events = await on.owner.query<{ event: string }>(
        `select ev_type || ' ' || ev_data as event from pgq.event_1 where ev_type like '_:%'`,
      );
      // Out of order where statements nest, and none is lost.
      expect(events.map(({ event }) => event).sort()).toEqual([
        'D:id id=1&n=15',
        'D:id id=2&n=20',
        'I:id id=1&n=1',
        'I:id id=1&n=33',
        'I:id id=2&n=20',
        'U:id id=1&n=11',
        'U:id id=1&n=15',
        'U:id id=1&n=5',
      ]);
      expect(await problems(on)).toEqual([
        `hers.t is not looked into, because it belongs to role ${APART}, for which ${on.database.owner} may not act; ` +
          'what nested statements do to one row may be captured out of order / ' +
          `grant ${APART} to ${on.database.owner}; the next run of maintain does the rest`,
      ]);
      const asSuperuser = (sql: string) => on.database.superuser((client) => client.query(sql));
      if (version >= 16) {
        await asSuperuser(`grant ${APART} to ${on.database.owner} with inherit false, set false`);
        await on.owner.query(`select pgtide.refresh_capture('shop')`);
        expect((await problems(on))[0]).toMatch(
          `grant ${APART} to ${on.database.owner} with inherit true, set true; the next`,
        );
        await asSuperuser(`grant ${APART} to ${on.database.owner} with inherit true, set true`);
      } else await asSuperuser(`grant ${APART} to ${on.database.owner}`);
      await on.owner.query(`select pgtide.refresh_capture('shop')`);
      expect(await problems(on)).toEqual([]);
      await on.mallory.query(`update t set n = 5`);
      expect(await lastRow(on)).toBe('id=1&n=15');
      await asSuperuser(`drop owned by ${APART}; revoke ${APART} from ${on.database.owner}`);
    });
  });

  it('fails no write for what the owner does to the function that looks', async () => {
    const setUp = `create table t (id int primary key, n int)`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await addTable(on, 'hers.t');
      await on.mallory.query(
        'insert into t select g, g from generate_series(1, 29) g; delete from t where id = 1',
      );
      const [look] = await on.owner.query<{ name: string }>(lookFunction);
      const name = look?.name;
      const asSuperuser = (sql: string) => on.database.superuser((client) => client.query(sql));
      for (const change of [
        `alter function ${name} security invoker`,
        `alter function ${name} set search_path = hers`,
        `alter function ${name} set role = none`,
        `alter function ${name} set transaction_read_only = on`,
        `alter function ${name} strict`,
        `grant execute on function ${name} to public`,
        `drop function ${name}`,
      ]) {
        await asSuperuser(change);
        expect(await problems(on), change).toHaveLength(1);
        await on.mallory.query(`delete from t where id = (select min(id) from t)`);
        await on.mallory.query(`update t set id = id + 100 where id = (select min(id) from t)`);
        await on.owner.query(`select pgtide.refresh_capture('shop')`);
        expect(await problems(on), change).toEqual([]);
      }
      await on.mallory.query(
        `revoke all on t from ${MEMBER}, public; grant delete, insert, select (id) on t to ${MEMBER}`,
      );
      await on.mallory.query('delete from t where id = 9');
      expect((await problems(on))[0]).toMatch('no right to read it');
      await on.mallory.query(`grant all on t to ${MEMBER}`);
      expect(await problems(on)).toEqual([]);
      await on.database.superuser(async (client) => {
        await createRole(on.database.server, 'heir_capture_looks');
        await client.query(
          `alter table hers.t owner to heir_capture_looks; grant all on hers.t to ${MEMBER}`,
        );
      });
      await on.mallory.query('delete from t where id = (select min(id) from t)');
      expect((await problems(on))[0]).toMatch('it belongs to role heir_capture_looks');
    });
  });

  it('fails no write where a look fails, and goes on after a rename', async () => {
    const setUp =
      `create schema apart; create type apart.mood as enum ('calm', 'wild'); create table t (k apart.mood primary key, n int);
      create table u (id int primary key, n int)`.replaceAll('apart', 'apart_capture_looks');
    await stageOf('old_capture_looks', { version, setUp: 'select 1', member: true }, async (on) => {
      const asSuperuser = (sql: string) => on.database.superuser((client) => client.query(sql));
      await asSuperuser(`grant create on database ${on.database.name} to old_capture_looks`);
      await on.mallory.query(`set search_path = hers; ${setUp}`);
      await addTable(on, 'hers.t');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', 'json')`);
      const swap = (kept: string, gone: string) => `with gone as (delete from hers.t returning k),
        back as (insert into hers.t select k, 7 from gone where k = '${kept}' returning k)
        delete from hers.t where k = '${gone}' and n < 0 and (select count(*) from back) > 0`;
      await on.mallory.query(`insert into t values ('calm', 1), ('wild', 2)`);
      await asSuperuser(
        'alter schema apart_capture_looks owner to postgres; revoke all on schema apart_capture_looks from old_capture_looks',
      );
      await asSuperuser(`delete from hers.t where k = 'calm'; update hers.t set k = 'calm'`);
      expect((await problems(on))[0]).toMatch('a look as its owner fails: 42501 insufficient_privilege');
      await asSuperuser(
        'grant usage on schema apart_capture_looks to old_capture_looks; alter type apart_capture_looks.mood rename to feeling',
      );
      await on.mallory.query(`update hers.t set k = 'wild'`);
      await on.owner.query(`select pgtide.refresh_capture('shop')`);
      await asSuperuser('alter role old_capture_looks rename to new_capture_looks');
      try {
        await on.mallory.query(`delete from hers.t; insert into hers.t values ('calm', 3), ('wild', 4)`);
        await on.owner.query(`select pgtide.refresh_capture('shop')`);
        expect(await problems(on)).toEqual([]);
        await on.mallory.query(swap('calm', 'wild'));
        expect(await lastRow(on)).toBe('{"k":"calm","n":7}');
      } finally {
        await asSuperuser('alter role new_capture_looks rename to old_capture_looks');
      }
    });
  });

  it('takes back what code of the owner sets in the session', async () => {
    const setUp = `create table loot (who text); grant all on loot to public; create table t (id int primary key, n int, c text);
      create function spy(text) returns text language plpgsql immutable as $$ begin
        if current_setting('search_path') = 'pg_catalog, pg_temp'
          then perform pg_catalog.set_config('search_path', 'hers, pg_catalog, pg_temp', false); end if; return $1; end $$;
      create function current_setting(text) returns text language plpgsql as $$ begin
        insert into hers.loot values (current_user); return pg_catalog.current_setting($1); end $$;
      create function jsonb_each(jsonb, out key text, out value jsonb) returns setof record language plpgsql as $$ begin
        insert into hers.loot values (current_user); return query select * from pg_catalog.jsonb_each($1); end $$;
      create function replace(text, text, text) returns text language plpgsql as $$ begin
        insert into hers.loot values (current_user); return $1; end $$; ${again}`;
    for (const form of ['json', 'url'])
      await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
        await on.mallory.query(
          `create index on t (n) where spy('x') = 'x'; grant select, trigger on t to public`,
        );
        await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', $1)`, [
          form,
        ]);
        await on.mallory.query(
          `set search_path = pg_catalog; insert into hers.t values (1, 1, 'a b'), (2, 20, '%')`,
        );
        await on.mallory.query(
          `update hers.t set n = 5 where id = 1; ${replaceRow(1, 33).replaceAll(/\bt\b/g, 'hers.t')}; delete from hers.t`,
        );
        expect(await on.owner.query(`select distinct who from hers.loot where who <> '${MEMBER}'`)).toEqual(
          [],
        );
        expect(await on.mallory.first('show search_path')).toEqual({ search_path: 'pg_catalog' });
        expect((await on.owner.query('select from pgq.event_1')).length).toBeGreaterThan(4);
      });
  });

  it('looks at keys as they are, whatever the settings of the session', async () => {
    const setUp = 'create table t (id int primary key, n int)';
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      const keys = {
        float8: '0.1',
        'timestamptz[]': `'{2020-01-01 00:00+05:30}'`,
        tstzrange: `'[2020-01-01 00:00+07,2021-01-01 00:00+07)'`,
      };
      for (const [type, key] of Object.entries(keys)) {
        await on.mallory.query(`reset all; set search_path = hers; truncate t; alter table t alter id type ${type} using null::${type};
          set extra_float_digits = -5; set datestyle = 'SQL, DMY'; set timezone = 'Asia/Jakarta'; insert into t values (${key.replace('0.1', '0.1::float8 + 0.2')}, 1)`);
        await on.mallory.query(`with gone as (delete from t returning id), back as (insert into t select id, 7 from gone returning id)
          delete from t where n < 0 and (select count(*) from back) > 0`);
        const events = await on.owner.query<{ op: string }>(
          `select substr(ev_type, 8, 1) as op from pgq.event_1 where ev_type like '{%' order by ev_id desc limit 1`,
        );
        expect(events, type).toEqual([{ op: 'U' }]);
      }
    });
  });

  it.runIf(version >= 11)('settles rows of a partitioned table, given away in part or not', async () => {
    const setUp = `${spyOf(MEMBER)} create table t (id int primary key, n int) partition by range (id);
      create table t_1 partition of t for values from (0) to (100); create table t_2 partition of t for values from (100) to (200);
      create function meddle() returns trigger language plpgsql as $$ declare r hers.t; begin
        r := case when tg_op = 'DELETE' then old else new end;
        if r.n = 6 then insert into hers.t values (r.id + 1, 3) on conflict (id) do update set n = 103;
        elsif r.n = 103 then delete from hers.t where id = r.id; end if; return null; end $$;
      create table u (id int primary key); insert into t values (40, 6), (41, 4);
      create trigger meddle after insert or update or delete on t for each row execute procedure meddle()`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.mallory.query(`with gone as (delete from t where id in (40, 41) returning id),
        back as (insert into t select id, 22 from gone returning id) delete from t where id < 0 and (select count(*) from back) > 0`);
      const last = await on.owner.query(`select distinct on (id) id, substr(ev_type, 8, 1) as op from (
        select *, (ev_data::json->>'id')::int as id from pgq.event_1) e order by id, ev_id desc`);
      expect(last.filter(({ op }) => op !== 'D').map(({ id }) => id)).toEqual([40]);
      expect(await on.mallory.query('select id from t')).toEqual([{ id: 40 }]);
    });
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      const asSuperuser = (sql: string) => on.database.superuser((client) => client.query(sql));
      await asSuperuser(`alter table hers.t owner to ${on.database.owner}; alter table hers.t_1 owner to ${on.database.owner};
        alter table hers.t_2 owner to ${on.database.owner}; drop trigger meddle on hers.t; grant all on hers.t to ${MEMBER}`);
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
      await on.mallory.query(
        'insert into t select g, 0 from generate_series(50, 60) g; delete from t where id = 50; delete from t where id = 51',
      );
      const give = async () => {
        await asSuperuser(`alter table hers.t_2 owner to ${MEMBER}`);
        await on.mallory.query(`create index lure on t_2 (n) where spy('x') = 'x'`);
      };
      const takeBack = async () => {
        await on.mallory.query('drop index lure');
        await asSuperuser(`alter table hers.t_2 owner to ${on.database.owner}`);
      };
      const attach = async () => {
        await on.mallory.query('create table late (id int primary key, n int)');
        await asSuperuser('alter table hers.t attach partition hers.late for values from (300) to (400)');
        await on.mallory.query(`alter table late add check (spy('x') = 'x')`);
      };
      const swap = replaceRow(53, 1).replaceAll(/\bt\b/g, 'hers.t');
      await using old = await on.database.open(MEMBER);
      for (const [change, back] of [
        [give, takeBack],
        [attach, () => on.mallory.query('drop table late')],
      ] as const)
        for (const statement of ['delete from hers.t where id in (54, 55)', swap]) {
          await old.client.query('begin isolation level repeatable read; select from pg_class limit 1');
          await change();
          expect((await stateOf(old.client.query(statement)))?.[0], `${change.name}: ${statement}`).toBe(
            '40001',
          );
          await old.client.query('rollback');
          await on.mallory.query('delete from t where id = (select min(id) from t where id > 55)');
          await back();
        }
    });
  });

  it('looks into a former parent of an inheriting table from an old snapshot', async () => {
    const setUp =
      'create table t (id int primary key, n int); create table child () inherits (t); drop table child';
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await giveToUs(on, 't');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
      await on.mallory.query('insert into t values (1, 1), (2, 2), (3, 3)');
      await on.mallory.query(
        `begin isolation level repeatable read; delete from t where id = 1; ${replaceRow(2, 7)}; commit`,
      );
      expect((await data(on.owner)).at(-1)).toEqual({ id: 2, n: 7 });
    });
  });

  it('reads a partition that is truncated as its owner', async () => {
    const setUp = `${spyOf(MEMBER)} create table t (id int, n int) partition by range (id);
      create table t_1 partition of t for values from (0) to (10); create table t_2 partition of t for values from (10) to (20);
      alter table t_1 add primary key (id); alter table t_2 add primary key (id); alter table t_1 add check (spy('x') = 'x')`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.mallory.query(
        `do $$ begin insert into hers.t values (1, 1), (2, 2), (11, 3); truncate hers.t_1; end $$; truncate t_2`,
      );
      expect(
        await on.owner.query(
          `select substr(ev_type, 8, 1) as op, ev_data::json->>'id' as id from pgq.event_1 order by 1 desc, 2`,
        ),
      ).toEqual(['I', 'D'].flatMap((op) => ['1', '11', '2'].map((id) => ({ op, id }))));
    });
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      const [look] = await on.owner.query<{ name: string }>(lookFunction);
      await on.mallory.query('insert into t values (1, 1), (11, 3)');
      await on.database.superuser((client) => client.query(`drop function ${look?.name}`));
      const refused = expect(on.mallory.query('truncate t_1')).rejects;
      await refused.toMatchObject({ remedy: expect.stringContaining('the next run of maintain makes it') });
      await on.mallory.query('truncate t');
      expect(await on.owner.query(`select ev_type from pgq.event_1 where ev_type = 'R'`)).toHaveLength(1);
    });
  });
});

describe('on PostgreSQL 17', () => {
  it('captures no row of a table that is not replicated, whatever trigger calls it', async () => {
    const setUp = `${spyOf(MEMBER)} create table t (id int primary key, n numeric); create type evil as (a int); create table forged (id int, n evil);
      create function evil_text(evil) returns text language sql as $$ select hers.spy('x') $$;
      create cast (evil as text) with function evil_text(evil) as assignment`;
    await stageOf(MEMBER, { version: 17, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.owner.query(
        `select pgtide.set_queue_policy('shop', 'capture_replica', 'true'), pgtide._capture_replica('shop', 'hers.t'::regclass)`,
      );
      await on.database.superuser((client) => client.query(`grant usage on schema pgtide to ${MEMBER}`));
      const rows = await on.owner.first<{ name: string }>(
        `select p.oid::regprocedure::text as name from pg_proc p where p.proname like 'capture\\_rows%'`,
      );
      await on.mallory.query(
        `create trigger f after insert on forged for each row execute function ${rows?.name}; alter table forged enable always trigger f`,
      );
      await on.database.superuser((client) =>
        client.query(
          'set session_replication_role = replica; insert into hers.forged values (666, row(1)); insert into hers.t values (1, 1)',
        ),
      );
      expect(await data(on.owner)).toEqual([{ id: 1, n: '1' }]);
    });
  });

  it('writes a table of which a column has a nondeterministic collation, in url', async () => {
    const setUp = `create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table t (id int primary key, c text collate loose)`;
    await stageOf(MEMBER, { version: 17, setUp, member: true }, async (on) => {
      await on.mallory.query('grant select, trigger on t to public');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', 'url')`);
      await on.mallory.query(`insert into t values (1, 'a b/é')`);
      expect(await lastRow(on)).toBe('id=1&c=a+b%2f%c3%a9');
    });
  });

  it.each([
    ['statistics', `create statistics lure on (spy('x')), n from t`],
    ['a partition', 'alter table t attach partition late for values from (100) to (200)'],
  ])('runs nothing as itself that the owner adds in mid-statement: %s', async (_, addition) => {
    const setUp = `${spyOf(MEMBER)} create table t (id int primary key, n int) partition by range (id);
      create table t_1 partition of t for values from (0) to (10);
      create table late (id int primary key, n int, check (spy('x') = 'x'));
      create function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7000 + old.n); return old; end $$;
      create trigger hold before delete on t for each row execute procedure hold();`;
    await stageOf(MEMBER, { version: 17, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.mallory.query(
        'insert into t select g, case when g = 9 then 1 else 0 end from generate_series(1, 9) g',
      );
      await using writer = await on.database.open(MEMBER);
      // The writer knows the table, and has plans for it.
      for (let id = 1; id < 9; id++) await writer.client.query(`delete from hers.t where id = ${id}`);
      await on.mallory.query('select pg_advisory_lock(7001)');
      const deletion = writer.client.query('delete from hers.t where id = 9');
      await until('the row trigger waits', () =>
        on.owner.first(`select from pg_locks where locktype = 'advisory' and objid = 7001 and not granted
                        and database = (select oid from pg_database where datname = current_database())`),
      );
      await on.mallory.query(addition);
      await on.mallory.query('select pg_advisory_unlock(7001)');
      await deletion;
      expect((await data(on.owner)).at(-1)).toEqual({ id: 9, n: 1 });
    });
  });
});
