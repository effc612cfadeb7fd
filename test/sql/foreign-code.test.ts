/**
 * C14 on the provider: capture runs with the rights of pgtide's owner, and copy and compare as the role that replicates.
 * None of them calls a function that the owner of a type or of a table has chosen: by a cast, a domain's check, an index, a
 * policy, or a trigger under one of our names.
 */
import { describe, expect, it } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { pinSession } from '../../lib/db/pinned-settings.ts';
import { comparePair } from '../support/compare-pair.ts';
import { createDatabase, createRole, postgres } from '../support/database.ts';
import { capture, data, type Stage, stageOf, typesOf } from '../support/foreign-types.ts';
import { stateOf } from '../support/queue.ts';
import { until } from '../support/until.ts';

const MALLORY = 'mallory_foreign_code';
const types = typesOf(MALLORY);
const stage = (version: number, setUp: string, story: (on: Stage) => Promise<void>) =>
  stageOf(MALLORY, { version, setUp }, story);

describe.each([10, 17])('on PostgreSQL %i', (version) => {
  it('holds an array or a composite that has a cast from text for one that is not read', async () => {
    await stage(version, types, async ({ owner, mallory }) => {
      const safe = async () =>
        owner.query(`select t as type, pgtide._input_is_safe(t::text::regtype) as safe
        from unnest('{hers.pair,hers.mood,hers.mood[]}'::text[]) t`);
      expect((await safe()).map((row) => row.safe)).toEqual([true, true, true]);
      for (const [nr, type] of ['pair', 'mood[]'].entries())
        await mallory.query(`create function cast_${nr}(text) returns ${type} language sql as $$ select null::${type} $$;
          create cast (text as ${type}) with function cast_${nr}(text) as assignment`);
      expect((await safe()).map((row) => row.safe)).toEqual([false, true, false]);
    });
  });

  it('writes values by the output functions of their types', async () => {
    await stage(
      version,
      `${types}; create table t (id int primary key, m mood, p pair, ps pair[], ms mood[], s span, d checked, c calm, e deep)`,
      async (on) => {
        await capture(on, 'hers.t');
        await on.mallory.query(
          `insert into t values (1, 'wild', row(1, 'x')::pair, array[row(2, 'y')::pair], '{wild}', '[1,3)', 'k', 'calm', row('z')::deep)`,
        );
        await on.mallory.query(
          `update t set m = 'calm'; alter table t add n int; update t set id = 2, n = 3`,
        );
        const row = { p: '(1,x)', ps: '{"(2,y)"}', ms: '{wild}', s: '[1,3)', d: 'k', c: 'calm', e: '(z)' };
        expect(await data(on.owner)).toEqual([
          { id: 1, m: 'wild', ...row },
          { id: 1, m: 'calm', ...row },
          { id: 1, m: 'calm', ...row, n: null },
          { id: 2, m: 'calm', ...row, n: 3 },
        ]);
      },
    );
  });

  it("reads no table for which a query would run code of another role's index or policy", async () => {
    const setUp = `${types}; create table t (id int primary key, n int);
      create function again() returns trigger language plpgsql as $$ begin
        if new.n < 10 then update hers.t set n = n + 10 where id = new.id; end if; return null; end $$`;
    await stage(version, setUp, async (on) => {
      await capture(on, 'hers.t');
      const changes = [
        `insert into t values (1, 1)`,
        'update t set n = 2',
        'update t set id = id + 1',
        'delete from t',
      ];
      const write = async () => {
        for (const isolation of ['read committed', 'repeatable read'])
          for (const change of changes)
            await on.mallory.query(`begin isolation level ${isolation}; ${change}; commit`);
      };
      await write();
      await on.mallory.query(`create index spying on t (n) where spy('x') = 'x'`);
      expect(await on.owner.query(`select pgtide.foreign_code('hers.t'::regclass) as code`)).toEqual([
        { code: 'function hers.spy(text)' },
      ]);
      await write();
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
      await write();
      await on.mallory.query(
        'create trigger again after insert or update on t for each row execute procedure again()',
      );
      await write();
      await on.mallory.query('drop index spying');
      await on.mallory.query(
        `create policy p on t using (spy('x') is not null); alter table t enable row level security`,
      );
      await write();
      await on.owner.query(`select pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`);
      await write();
      await on.mallory.query('drop policy p on t');
      expect(await on.owner.query(`select pgtide.foreign_code('hers.t'::regclass) as code`)).toEqual([
        { code: 'row security' },
      ]);
      await write();
      await on.mallory.query(`alter table t add check (spy('x') = 'x')`);
      await write();
      expect((await data(on.owner)).length).toBeGreaterThan(50);
    });
  });

  it('reads a sequence, and not the view that takes its place meanwhile', async () => {
    await stage(
      version,
      `${types}; create sequence s; grant select on s to public`,
      async ({ database, mallory, owner }) => {
        const value = () => owner.first<{ v: bigint }>(`select pgq.seq_getval('hers.s') as v`);
        await mallory.query(`select setval('s', 7, false)`);
        expect(await value()).toEqual({ v: 7n });
        await mallory.query(
          `begin; drop sequence s; create view s as select length(spy('x'))::int8 as last_value, true as is_called; grant select on s to public`,
        );
        const { pid } = (await owner.first<{ pid: number }>('select pg_backend_pid() as pid')) ?? {};
        const read = stateOf(value());
        await database.superuser((client) =>
          until('it waits for the lock', async () =>
            client.first(`select from pg_locks where pid = $1 and not granted`, [pid]),
          ),
        );
        await mallory.query('commit');
        expect((await read)?.[0]).toBe('TD002');
        expect((await stateOf(value()))?.[0]).toBe('TD002');
      },
    );
  });

  it('reads the catalog without the casts that values in it have', async () => {
    const setUp = `${types}; create table t (id int primary key);
      create table u (id int primary key, v text); insert into u values (1, 'x'); grant trigger on u to public`;
    await stage(version, setUp, async (on) => {
      await capture(on, 'hers.t');
      await on.owner.query(`select pgtide.grant_queue('shop', $1, 'produce')`, [MALLORY]);
      await on.mallory.query(
        `create trigger json before update on u for each row execute procedure pgq.jsontriga('shop', 'SKIP')`,
      );
      // The catalog holds the value of the rows that were there before.
      for (const table of ['t', 'u'])
        await on.mallory.query(
          `insert into t values (${table === 't' ? 1 : 2}); alter table ${table} add m mood default 'calm'`,
        );
      await on.mallory.query(`insert into t values (3); update t set m = 'wild'`);
      await on.mallory.query(`update u set v = 'y'`);
      expect(await data(on.owner)).toHaveLength(7);
      for (const call of [
        `pgtide.create_capture('shop', 'hers.t'::regclass, 'hers.t')`,
        `pgtide.column_types('hers.t'::regclass)`,
        `(select count(*) from pgtide.column_fills('hers.t'::regclass, 0::int2))`,
        `pgtide.shape_tag('hers.t'::regclass)`,
      ])
        await on.owner.query(`select ${call}`);
    });
  });

  it('takes a cast that a function of PostgreSQL calls when it is inlined for code of its owner', async () => {
    const setUp = `${types}; drop cast (mood as text); create table t (id int primary key, n int);
      create function strictly(mood) returns text language plpgsql immutable strict as $$ begin return hers.spy('xcast'); end $$;
      create cast (mood as text) with function strictly(mood)`;
    await stage(version, setUp, async (on) => {
      await capture(on, 'hers.t');
      for (const part of [
        `create index mine on t (n) where ('x'::text || 'calm'::hers.mood) = 'xcast'`,
        `drop index mine; alter table t add check (('x'::text || 'calm'::hers.mood) = 'xcast' or n > 0)`,
      ]) {
        await on.mallory.query(part);
        expect(await on.owner.query(`select pgtide.foreign_code('hers.t'::regclass) as code`)).toEqual([
          { code: expect.stringMatching(/^function hers\./) },
        ]);
        for (const change of [
          'insert into t values (1, 1), (2, 2), (3, 3)',
          'delete from t where id = 1',
          'delete from t',
        ])
          await on.mallory.query(`set constraint_exclusion = on; ${change}`);
      }
    });
  });

  it('cuts and reads key ranges without casts and checks', async () => {
    const setUp = `${types}; create table t (m mood, c calm, d checked, p pair, primary key (m, c, d, p));
      create table deep_t (e deep primary key);
      insert into t select 'wild', 'calm', i, row(i, 'x')::pair from generate_series(1, 2000) i;
      insert into deep_t select row(i)::deep from generate_series(1, 2000) i; grant select on t, deep_t to public`;
    await stage(version, setUp, async ({ owner }) => {
      await owner.query(`begin; ${pinSession}`);
      const bounds = await owner.query<{ bound: string[] }>(
        `select * from pgtide.chunk_bounds('hers.t'::regclass, 65536, null) as b (bound)`,
      );
      expect(bounds.length).toBeGreaterThan(1);
      expect(
        await owner.query(`select * from pgtide.chunk_bounds('hers.deep_t'::regclass, 65536, null)`),
      ).toEqual([]);
      let rows = 0n;
      for (const nr of [-1, ...bounds.keys()]) {
        const chunk = await owner.first<{ query: string }>(
          `select query from pgtide.chunk_query('hers.t'::regclass, '{m,c,d,p}', '{}', $1, $2, null)`,
          [bounds[nr]?.bound ?? null, bounds[nr + 1]?.bound ?? null],
        );
        rows += (await owner.first<{ n: bigint }>(`select count(*) as n from (${chunk?.query}) q`))?.n ?? 0n;
      }
      expect(rows).toBe(2000n);
      const one = await owner.first<{ query: string }>(
        `select pgtide._key_value('hers.t'::regclass, k, 't')  || ' ' as query from unnest('{m}'::text[]) k`,
      );
      expect(await owner.query(`select ${one?.query} as m from (values ('wild')) v (t)`)).toEqual([
        { m: 'wild' },
      ]);
      await owner.query('rollback');
    });
  });
});

it('compares rows without casts and checks', async () => {
  const shop = await comparePair({ provider: 17, subscriber: 10 });
  for (const side of [shop.provider, shop.subscriber]) {
    await createRole(side.server, MALLORY);
    await side.superuser((client) => client.query(`create schema hers authorization ${MALLORY}`));
    await withClient(side.targetAs(MALLORY), 'test', async (client) => {
      await client.query(`set search_path = hers; grant usage on schema hers to public; ${types};
        create table t (m mood, c calm, d checked, p pair, primary key (m, c, d, p));
        insert into t select 'wild', 'calm', i, row(i, 'x')::pair from generate_series(1, 200) i;
        create table u (e deep primary key, m mood[], ps pair[], s span);
        insert into u select row(i)::deep, '{wild}', array[row(i, 'x')::pair], '[1,2]' from generate_series(1, 200) i;
        grant select on t, u to public`);
    });
  }
  await shop.follow(['hers.t', 'hers.u']);
  expect((await shop.compare()).tables).toMatchObject([{ verdict: 'equal' }, { verdict: 'equal' }]);
  await withClient(shop.subscriber.targetAs(MALLORY), 'test', (client) =>
    client.query(`delete from hers.t where d = '7'; update hers.u set m = '{calm}' where (e).c = '9'`),
  );
  expect((await shop.compare()).tables).toMatchObject([{ verdict: 'different' }, { verdict: 'different' }]);
});

it('recognizes its triggers by more than their names', async () => {
  const database = await createDatabase(await postgres(17), { installed: true });
  await database.client(async (client) => {
    await client.query(`select pgq.create_queue('shop')`);
    await client.query(`select * from pgq_node.register_location('shop', 'old', 'env:OLD', false)`);
    await client.query(
      `select * from pgq_node.create_node('shop', 'root', 'old', 'shop.old', null, null, null)`,
    );
    await client.query(`create table t (id int primary key);
      create function mine() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger _londiste_shop after insert on t for each row execute procedure mine();
      create trigger _pgtide_shop_deny after insert on t for each row execute procedure mine();
      create trigger _pgtide_shop_insert after insert on t for each row execute procedure mine()`);
    await client.query(`select * from londiste.local_add_table('shop', 'public.t', '{pgtide}')`);
    await client.query(`drop trigger _pgtide_shop_delete on t`);
    expect(await client.query(`select code from pgtide.capture_problems('shop')`)).toEqual([
      { code: 'trigger-missing' },
    ]);
    expect(await client.first(`select pgtide.create_deny('shop', 't'::regclass) as made`)).toEqual({
      made: 2,
    });
    expect(await client.first(`select pgtide.drop_deny('shop', 't'::regclass) as dropped`)).toEqual({
      dropped: 2,
    });
    expect(
      await client.first(
        `select pgtide._disable_triggers_and_actions('shop', array['t'::regclass::oid]) as quieted`,
      ),
      'all three are switched off',
    ).toEqual({ quieted: 3 });
  });
});
