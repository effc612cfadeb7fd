/** C14: capture looks into a table, also one of another role, and so settles the order of changes that nest in one another. */
import { describe, expect, it } from 'vitest';
import { again, giveToUs, lastRow, replaceRow, spyOf } from '../support/capture-looks.ts';
import { capture, data, stageOf, typesOf } from '../support/foreign-types.ts';
import { withOthers } from '../support/versions.ts';

/** pgtide's owner is a member of this role. */
const MEMBER = 'mallory_capture_looks';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it.each([
    ['hers', 'json'],
    ['hers', 'url'],
    ['ours', 'json'],
    ['ours', 'url'],
  ] as const)(
    'settles the order when statements change a row of a table of %s twice, in %s',
    async (whose, form) => {
      const setUp = `${spyOf(MEMBER)} create table t (id int primary key, n int, b bool, at timestamp default '2020-02-03 04:05:06');
      ${whose === 'hers' ? `create index on t (n) where spy('x') = 'x';` : ''} ${again}`;
      await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
        if (whose === 'ours') await giveToUs(on, 't');
        else await on.mallory.query('grant select, trigger on t to public');
        await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', $1)`, [
          form,
        ]);
        await on.mallory.query(
          `set datestyle = 'SQL, DMY'; insert into t values (1, 1, true), (2, 12, null)`,
        );
        for (const isolation of ['read committed', 'repeatable read'])
          for (const change of [
            'update t set n = 5 where id = 1',
            replaceRow(1, 33),
            'delete from t where id = 2',
            'insert into t values (2, 12, false)',
          ])
            await on.mallory.query(`begin isolation level ${isolation}; ${change}; commit`);
        const rows = await on.owner.query<{ event: string }>(
          `select left(ltrim(replace(ev_type, '"op":"', ''), '{'), 1) || ' ' || ev_data as event from pgtide.stored_events() order by ev_id`,
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
    },
  );

  it.each(
    ['mood', 'calm', 'checked', 'deep', 'pair', 'mood[]', 'span', 'jsonb', 'halves'].flatMap((type) =>
      (['hers', 'ours'] as const).map((whose) => [type, whose] as const),
    ),
  )('settles the order of nested changes by a key of type %s, in a table of %s', async (type, whose) => {
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
  )(
    'settles deletes, inserts and a renamed key column in one transaction, in a table of %s, in %s',
    async (whose, form) => {
      const setUp = `create table t (id int primary key, n int);
      create function gone() returns trigger language plpgsql as $$ begin
        if new.n = 9 then delete from hers.t where id = new.id; end if; return null; end $$;
      create trigger gone after update on t for each row execute procedure gone()`;
      await stageOf(MEMBER, { version, setUp, member: true }, async (on) => {
        if (whose === 'ours') await giveToUs(on, 't');
        else await on.mallory.query('grant select, trigger on t to public');
        await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', $1)`, [
          form,
        ]);
        let seen = 0n;
        const events = async () => {
          const rows = await on.owner.query<{ id: bigint; event: string }>(
            `select ev_id as id, left(replace(ev_type, '{"op":"', ''), 1) || ' ' || translate(ev_data, ':,{}"', '=&') as event
             from pgtide.stored_events() where ev_id > $1 order by ev_id`,
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
    },
  );

  it.each(['hers', 'ours'] as const)('looks up each of many keys, in a table of %s', async (whose) => {
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
         from (select distinct on (id) substr(ev_type, 8, 1) as op, (ev_data::json->>'id')::int as id from pgtide.stored_events() order by id, ev_id desc) e
         where op <> 'D' group by op`,
      );
      expect(last).toEqual([{ op: 'U', keys: 9002, sum: (8999 * 9000) / 2 + 9999 + 10000 + 20000 }]);
    });
  });

  it('compares keys exactly, whatever the settings of the session', async () => {
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
          `select substr(ev_type, 8, 1) as op from pgtide.stored_events() where ev_type like '{%' order by ev_id desc limit 1`,
        );
        expect(events, type).toEqual([{ op: 'U' }]);
      }
    });
  });
});

describe('on PostgreSQL 17', () => {
  it('writes events of a column with a nondeterministic collation, in url', async () => {
    const setUp = `create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table t (id int primary key, c text collate loose)`;
    await stageOf(MEMBER, { version: 17, setUp, member: true }, async (on) => {
      await on.mallory.query('grant select, trigger on t to public');
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t', 'url')`);
      await on.mallory.query(`insert into t values (1, 'a b/é')`);
      expect(await lastRow(on)).toBe('id=1&c=a+b%2f%c3%a9');
    });
  });
});
