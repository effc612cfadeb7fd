/**
 * A write that reaches a foreign partition through its parent fails if there is a trigger with transition tables. So
 * captured tables have no foreign partitions: a table that has some is refused, and none can be attached later.
 */
import { describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { inspectTables, obstaclesOf, providerPrivileges } from '../../lib/membership/inspection.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { capture, data, stageOf } from '../support/foreign-types.ts';
import { withOthers } from '../support/versions.ts';

async function withForeignServer(version: number): Promise<TestDatabase> {
  const database = await createDatabase(await postgres(version), { installed: true });
  await database.superuser((client) =>
    client.query(`create foreign data wrapper far; create server far foreign data wrapper far;
      grant usage on foreign server far to ${database.owner}`),
  );
  await database.client((client) =>
    client.query(`select pgq.create_queue('shop');
      create table p (id int, n int) partition by list (id); create table p1 partition of p for values in (1);
      create table p2 (id int, n int) partition by list (n); create table p21 partition of p2 for values in (1);
      alter table p attach partition p2 for values in (2)`),
  );
  return database;
}

const create = `select pgtide.create_capture('shop', 'p'::regclass, 'public.p')`;
const guards = (client: Client) =>
  client.query(`select g.tgrelid::regclass::text as on, g.tgenabled::text as enabled from pg_trigger g
    where g.tgfoid = 'pgtide.refuse_foreign_partition'::regproc and g.tgrelid <> 0 order by 1`);

describe.each(withOthers([10, 13, 17]))('on PostgreSQL %i', (version) => {
  it('refuses a table that has foreign partitions, before anything is changed', async () => {
    const database = await withForeignServer(version);
    await database.client(async (client) => {
      await client.query('create foreign table p22 partition of p2 for values in (2) server far');
      await expect(client.query(create)).rejects.toThrow(
        'table public.p has partitions that are foreign tables: public.p22',
      );
      const [found] = await inspectTables(client, ['public.p'], providerPrivileges);
      expect(found && obstaclesOf('old', found)).toMatchObject([
        { kind: 'schema', text: 'old: public.p has partitions that are foreign tables: public.p22' },
      ]);
      expect(await client.query(`select from pg_trigger where tgrelid = 'p'::regclass`)).toEqual([]);
    });
  });

  it.skipIf(version === 10)('lets no foreign table become a partition afterwards', async () => {
    const database = await withForeignServer(version);
    await database.client(async (client) => {
      await client.query(`${create}; create foreign table f (id int, n int) server far`);
      for (const attach of [
        'alter table p attach partition f for values in (9)',
        'alter table p2 attach partition f for values in (9)',
        'create foreign table f2 partition of p for values in (9) server far',
      ])
        await expect(client.query(attach)).rejects.toThrow(/42809 wrong_object_type/);
      await client.query(`create table p3 partition of p for values in (3); create table p4 (id int, n int);
        alter table p attach partition p4 for values in (4); alter table p detach partition p1`);
      expect(await guards(client)).toEqual(
        ['p', 'p2', 'p21', 'p3', 'p4'].map((on) => ({ on, enabled: version < 13 ? 'O' : 'D' })),
      );
      await client.query(
        `insert into p values (2, 1), (3, 3), (4, 4); update p set id = 4 where id = 3; delete from p`,
      );
      expect(
        await client.query(
          `select from pg_trigger where tgrelid = 'p1'::regclass and tgname like '%foreign'`,
        ),
      ).toEqual([]);
      if (version >= 13) await client.query('alter table p enable trigger all');
      await client.query('insert into p values (4, 4); delete from p');
      await client.query(`select pgtide.drop_capture('shop', 'p'::regclass)`);
      expect(await guards(client)).toEqual([]);
      await client.query('alter table p attach partition f for values in (9)');
    });
  });

  it.skipIf(version === 10)('leaves a table with a unique index to PostgreSQL', async () => {
    const database = await withForeignServer(version);
    await database.client(async (client) => {
      await client.query(
        `alter table p add unique (id, n); ${create}; create foreign table f (id int, n int) server far`,
      );
      expect(await guards(client)).toEqual([]);
      for (const attach of [
        'alter table p attach partition f for values in (9)',
        'alter table p2 attach partition f for values in (9)',
        'create foreign table f2 partition of p for values in (9) server far',
        'create foreign table f2 partition of p2 for values in (9) server far',
      ])
        await expect(client.query(attach)).rejects.toThrow(/42809 wrong_object_type/);
      // Nor can a partitioned table with a foreign partition become a partition.
      await client.query(`create table p5 (id int, n int) partition by list (n);
        create foreign table p51 partition of p5 for values in (9) server far`);
      await expect(client.query('alter table p attach partition p5 for values in (5)')).rejects.toThrow(
        /42809 wrong_object_type/,
      );
      await client.query(`alter table p drop constraint p_id_n_key;
        select pgq_node.register_location('shop', 'a', 'x', false), pgq_node.create_node('shop', 'root', 'a', 'w', null, null, null);
        insert into londiste.table_info (queue_name, table_name, local) values ('shop', 'public.p', true)`);
      await client.query(`select pgtide.refresh_capture('shop')`);
      expect(await guards(client), 'when that has gone').toHaveLength(4);
    });
  });

  it('lets the owner of the table make partitions', async () => {
    const setUp = `create table t (id int) partition by list (id); create table t_1 partition of t for values in (1);
      create table t_3 (id int)`;
    await stageOf('mallory_partitions', { version, setUp, member: true }, async (on) => {
      await capture(on, 'hers.t');
      const made = (nr: number) =>
        on.mallory.query(`create table t_${nr} partition of t for values in (${nr});
          alter table t attach partition t_${nr + 1} for values in (${nr + 1}); insert into t values (${nr}), (${nr + 1})`);
      await made(2);
      await on.owner.query(
        `select pgtide.set_queue_policy('shop', 'capture_replica', 'true'), pgtide._capture_replica('shop', 'hers.t'::regclass)`,
      );
      await on.mallory.query(`create table t_6 (id int)`);
      await made(5);
      await on.database.superuser((client) =>
        client.query('set session_replication_role = replica; insert into hers.t values (6)'),
      );
      expect((await data(on.owner)).map(({ id }) => id)).toEqual(
        version < 13 ? [2, 3, 5, 6] : [2, 3, 5, 6, 6],
      );
    });
  });

  it.runIf(version === 10)(
    'a foreign partition keeps no other capture from being brought up to date',
    async () => {
      const database = await withForeignServer(version);
      await database.client(async (client) => {
        await client.query(`create table a_first (id int primary key); create table z_last (id int primary key);
        select pgtide.create_capture('shop', c::text::regclass, 'public.' || c) from unnest('{a_first,p,z_last}'::text[]) c;
        select pgq_node.register_location('shop', 'a', 'x', false), pgq_node.create_node('shop', 'root', 'a', 'w', null, null, null);
        insert into londiste.table_info (queue_name, table_name, local) select 'shop', 'public.' || c, true from unnest('{a_first,p,z_last}'::text[]) c`);
        await client.query(`create foreign table far partition of p for values in (8) server far;
        create table near partition of p for values in (9); alter table a_first add c int; alter table z_last add c int`);
        const refreshed = await client.query<{ name: string }>(
          `select pgtide.refresh_capture('shop') as name`,
        );
        expect(refreshed.map(({ name }) => name)).toEqual(
          expect.arrayContaining(['public.a_first', 'public.z_last']),
        );
        expect(
          await client.query(
            `select code, remedy from pgtide.capture_problems('shop') where table_name = 'public.p'`,
          ),
        ).toEqual([
          {
            code: 'partition-uncaptured',
            remedy:
              'detach the partitions of public.p that are foreign tables: public.far; then run maintain, and: pgtide resync shop public.p',
          },
        ]);
      });
    },
  );

  it('works through everything that can be done to a captured table', async () => {
    const database = await withForeignServer(version);
    await database.client(async (client) => {
      await client.query(`create table t (id int primary key, n int, gone int); select pgtide.create_capture('shop', 't'::regclass, 'public.t');
        ${create}`);
      const statements = [
        `insert into t values (1, 1) on conflict (id) do update set n = excluded.n`,
        `insert into t values (1, 2) on conflict (id) do update set n = excluded.n`,
        'alter table t alter n type bigint',
        'alter table t drop gone',
        'alter table t rename n to m',
        'create view v as select * from t',
        'insert into v values (2, 2)',
        'update v set m = 3 where id = 2',
        'delete from v where id = 2',
        'alter table t add c int generated by default as identity',
        'alter table t set unlogged; alter table t set logged; cluster t using t_pkey',
        'alter table t owner to current_user',
        'begin; declare c cursor for select * from t for update; fetch c; update t set m = 9 where current of c; commit',
        'insert into p values (1, 1), (2, 1)',
        'alter table p detach partition p1',
        'create schema elsewhere; alter table t set schema elsewhere; alter table elsewhere.t set schema public',
        // Before version 13 a table with such triggers cannot become a partition again.
        ...(version >= 11
          ? [
              ...(version < 13 ? ['drop table p1; create table p1 (id int, n int)'] : []),
              'alter table p attach partition p1 for values in (1)',
              'update p set id = 1, n = 1 where id = 2',
            ]
          : []),
        ...(version >= 15
          ? [
              'merge into t using (values (1), (5)) s (id) on s.id = t.id when matched then update set m = 0 when not matched then insert values (s.id, 1)',
            ]
          : []),
        ...(version >= 14 ? ['alter table p detach partition p1 concurrently'] : []),
        'truncate t, p; drop view v; drop table t; drop table p',
      ];
      for (const statement of statements) await client.query(statement);
      const last = await client.first<{ n: bigint }>('select count(*) as n from pgtide.stored_events()');
      expect(Number(last?.n)).toBeGreaterThan(8);
    });
  });
});
