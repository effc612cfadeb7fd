/**
 * C14 on the provider: capture looks into a table to settle the order of its events, and reads a partition that is truncated. It is
 * SECURITY DEFINER code of pgtide's owner, and so it looks into a table of another role as that role, or not at all: whatever that
 * role has put there, and whenever. A write never fails because it could not be looked.
 */
import { describe, expect, it } from 'vitest';
import { createRole } from '../support/database.ts';
import { capture, data, type Stage, stageOf, typesOf } from '../support/foreign-types.ts';
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
      if (whose === 'ours')
        await on.database.superuser((client) =>
          client.query(`alter table hers.t owner to ${on.database.owner}; grant all on hers.t to ${MEMBER}`),
        );
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
    ['mood', 'calm', 'checked', 'deep', 'pair', 'mood[]', 'span'].flatMap((type) =>
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
    }[type] ?? ['', ''];
    const setUp = `${typesOf(MEMBER)}; create table t (k ${type} primary key, nr int, n int);
      create function again() returns trigger language plpgsql as $$ begin
        if new.n < 10 then update hers.t set n = n + 10 where nr = new.nr; end if; return null; end $$;
      create trigger again after insert or update on t for each row execute procedure again()`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      if (whose === 'ours')
        await on.database.superuser((client) =>
          client.query(`alter table hers.t owner to ${on.database.owner}; grant all on hers.t to ${MEMBER}`),
        );
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

  it('looks many keys up, and each of them', async () => {
    const setUp = `create table t (id int primary key, n int); create index on t ((n + 1)) where n > 0`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.mallory.query('insert into t select g, 0 from generate_series(1, 3000) g');
      await on.mallory.query(`with gone as (delete from t returning id),
        back as (insert into t select id, 7 from gone where id in (1, 999, 1000, 2000, 2500, 3000) returning id)
        delete from t where id < 0 and (select count(*) from back) > 0`);
      const last = await on.owner.query<{ op: string; ids: number[] }>(
        `select op, array_agg(id order by id) as ids
         from (select distinct on (id) substr(ev_type, 8, 1) as op, (ev_data::json->>'id')::int as id from pgq.event_1 order by id, ev_id desc) e
         where op <> 'D' group by op`,
      );
      expect(last).toEqual([{ op: 'U', ids: [1, 999, 1000, 2000, 2500, 3000] }]);
    });
  });

  it('does not look into a table whose owner it may not act for, and says so until it may', async () => {
    const setUp = `${spyOf(APART)} create table t (id int primary key, n int); ${again}`;
    await stageOf(APART, { version, setUp }, async (on) => {
      await addTable(on, 'hers.t');
      await on.mallory.query(
        `create index on t (n) where spy('x') = 'x'; insert into t values (1, 1), (2, 20)`,
      );
      await on.mallory.query(`delete from t where id = 2; ${replaceRow(1, 33)}`);
      expect(await problems(on)).toEqual([
        `hers.t is not looked into, because it belongs to role ${APART}, for which ${on.database.owner} may not act; ` +
          'what nested statements do to one row may be captured out of order / ' +
          `grant ${APART} to ${on.database.owner}; the next run of maintain does the rest`,
      ]);
      await on.database.superuser((client) => client.query(`grant ${APART} to ${on.database.owner}`));
      await on.owner.query(`select pgtide.refresh_capture('shop')`);
      expect(await problems(on)).toEqual([]);
      await on.mallory.query(`update t set n = 5`);
      expect(await lastRow(on)).toBe('id=1&n=15');
    });
  });

  it('fails no write for what the owner does to the function that looks', async () => {
    const setUp = `create table t (id int primary key, n int)`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await addTable(on, 'hers.t');
      await on.mallory.query(
        'insert into t select g, g from generate_series(1, 9) g; delete from t where id = 1',
      );
      const [look] = await on.owner.query<{ name: string }>(lookFunction);
      const name = look?.name;
      for (const change of [
        `alter function ${name} security invoker`,
        `alter function ${name} set search_path = hers`,
        `revoke all on function ${name} from ${on.database.owner}`,
        `drop function ${name}`,
      ]) {
        await on.database.superuser((client) => client.query(change));
        await on.mallory.query('delete from t where id = (select min(id) from t)');
        await on.mallory.query('update t set id = id + 100 where id = (select min(id) from t)');
        await on.owner.query(`select pgtide.refresh_capture('shop')`);
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

  it('reads a partition that is truncated as its owner', async () => {
    const setUp = `${spyOf(MEMBER)} create table t (id int, n int) partition by range (id);
      create table t_1 partition of t for values from (0) to (10); create table t_2 partition of t for values from (10) to (20);
      alter table t_1 add primary key (id); alter table t_2 add primary key (id); alter table t_1 add check (spy('x') = 'x')`;
    await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      await on.mallory.query('insert into t values (1, 1), (2, 2), (11, 3); truncate t_1; truncate t_2');
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
      await refused.toMatchObject({ remedy: expect.stringContaining(`Grant ${MEMBER} to`) });
      await on.mallory.query('truncate t');
      expect(await on.owner.query(`select ev_type from pgq.event_1 where ev_type = 'R'`)).toHaveLength(1);
    });
  });
});

describe('on PostgreSQL 17', () => {
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
