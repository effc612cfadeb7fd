/**
 * C14: capture looks into a table of another role as that role, or not at all. If it cannot, status says so, and no write fails.
 */
import { describe, expect, it } from 'vitest';
import {
  addTable,
  again,
  lastRow,
  lookFunctionOf,
  problems,
  replaceRow,
  spyOf,
} from '../support/capture-looks.ts';
import { createRole } from '../support/database.ts';
import { stageOf } from '../support/foreign-types.ts';
import { withOthers } from '../support/versions.ts';

/** pgtide's owner is a member of the first role, and not of the second. */
const MEMBER = 'mallory_look_failures';
const APART = 'mallory_apart';
const lookFunction = lookFunctionOf(MEMBER);

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it('does not look into a table for whose owner it may not act, and reports that until it may', async () => {
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
        `select ev_type || ' ' || ev_data as event from pgtide.stored_events() where ev_type like '_:%'`,
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

  it('fails no write, however the function that looks is altered', async () => {
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

  it('fails no write if a look fails, and continues after a rename', async () => {
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
});
