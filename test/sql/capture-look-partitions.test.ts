/** C14: capture looks into partitions as their owners, also if some have other owners or are attached meanwhile. */
import { describe, expect, it } from 'vitest';
import { giveToUs, lookFunctionOf, replaceRow, spyOf } from '../support/capture-looks.ts';
import { capture, data, stageOf } from '../support/foreign-types.ts';
import { stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

/** pgtide's owner is a member of this role. */
const MEMBER = 'mallory_look_partitions';
const lookFunction = lookFunctionOf(MEMBER);

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it.runIf(version >= 11)(
    'settles rows of a partitioned table, also if a partition has another owner',
    async () => {
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
        select *, (ev_data::json->>'id')::int as id from pgtide.stored_events()) e order by id, ev_id desc`);
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
          // Before version 12 a new partition is not noticed.
          ...(version < 12 ? [] : ([[attach, () => on.mallory.query('drop table late')]] as const)),
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
    },
  );

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
          `select substr(ev_type, 8, 1) as op, ev_data::json->>'id' as id from pgtide.stored_events() order by 1 desc, 2`,
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
      expect(
        await on.owner.query(`select ev_type from pgtide.stored_events() where ev_type = 'R'`),
      ).toHaveLength(1);
    });
  });
});
