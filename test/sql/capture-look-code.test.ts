/** C14: code that the owner of a table has put on it runs as that owner when capture looks, and changes nothing in the session. */
import { describe, expect, it } from 'vitest';
import { again, replaceRow, spyOf } from '../support/capture-looks.ts';
import { capture, data, stageOf } from '../support/foreign-types.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

/** pgtide's owner is a member of this role. */
const MEMBER = 'mallory_look_code';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  it('undoes settings that code of the owner changes in the session', async () => {
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
        expect((await on.owner.query('select from pgtide.stored_events()')).length).toBeGreaterThan(4);
      });
  });
});

describe('on PostgreSQL 17', () => {
  it('captures no row of a table that is not replicated, whichever trigger calls it', async () => {
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

  it.each([
    ['statistics', `create statistics lure on (spy('x')), n from t`],
    ['a partition', 'alter table t attach partition late for values from (100) to (200)'],
  ])('runs no code with its own rights that the owner adds during a statement: %s', async (_, addition) => {
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
