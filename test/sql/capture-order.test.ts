/** The last event of a key describes its last version, also if triggers, foreign keys or parts of a statement change a row again. */
import { describe, expect, it } from 'vitest';
import { captured, events, short } from '../support/captured.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 17, 18]))('capture on PostgreSQL %i', (version) => {
  it('keeps the order of versions when a row trigger changes the row again', async () => {
    const setUp = `
      create table t (id int primary key, n int);
      create function again() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then update t set n = n + 1 where id = new.id; end if;
        if tg_op = 'UPDATE' and new.n < 10 then update t set n = n + 10 where id = new.id; end if;
        if tg_op = 'DELETE' and old.id > 100 then insert into t values (old.id, -1); end if;
        return null;
      end $$;
      create trigger again after insert or update or delete on t for each row execute procedure again();`;
    await captured(version, setUp, ['t'], async (client) => {
      await client.query('insert into t values (1, 0), (2, 0)');
      expect(short(await events(client))).toEqual(['INSERT 1,11', 'INSERT 2,11']);
      await client.query('update t set n = 5 where id = 1');
      expect(short(await events(client)).slice(2)).toEqual(['UPDATE 1,15']);
      await client.query('update t set id = id + 100 where id = 2');
      expect(short(await events(client)).slice(3)).toEqual(['DELETE 2,11', 'INSERT 102,11']);
      await client.query('delete from t');
      expect(short(await events(client)).slice(5)).toEqual(['DELETE 1,15', 'UPDATE 102,10']);
    });
  });

  it('merges nested changes, and leaves events of a PgQ trigger on the same table as they are', async () => {
    const setUp = `
      create table t (id int primary key, n int);
      create function again() returns trigger language plpgsql as $$
      begin update t set n = n + 1 where id = new.id; return null; end $$;
      create trigger again after insert on t for each row execute procedure again();`;
    await captured(version, setUp, ['t'], async (client) => {
      const [queue] = await client.query<{ name: string }>('select queue_name as name from pgq.queue');
      await client.query(`create trigger classic after insert or update on t for each row
        execute procedure pgq.logutriga('${queue?.name}')`);
      await client.query('insert into t values (1, 0)');
      const written = await client.query<{ type: string; data: string }>(
        `select ev_type as type, ev_data as data from pgtide.stored_events() order by ev_type, ev_data`,
      );
      expect(written.filter(({ type }) => !type.startsWith('{'))).toEqual([
        { type: 'I:id', data: 'id=1&n=0' },
        { type: 'U:id', data: 'id=1&n=1' },
      ]);
      expect(written.filter(({ type }) => type.startsWith('{'))).toMatchObject([{ data: '{"id":1,"n":1}' }]);
    });
  });

  it('keeps the order when a BEFORE trigger deletes the row that the statement replaces', async () => {
    const setUp = `
      create table t (id int primary key, n int);
      create function make_room() returns trigger language plpgsql as $$
      begin delete from t where id = new.id; return new; end $$;
      create trigger make_room before insert on t for each row execute procedure make_room();`;
    await captured(version, setUp, ['t'], async (client) => {
      await client.query('insert into t values (1, 1)');
      await client.query('insert into t values (1, 2), (3, 3)');
      expect(short(await events(client))).toEqual(['INSERT 1,1', 'DELETE 1,1', 'INSERT 1,2', 'INSERT 3,3']);
    });
  });

  it('keeps the order when one statement deletes a row, puts it back, and deletes another', async () => {
    await captured(version, 'create table t (id int primary key, n int)', ['t'], async (client) => {
      await client.query('insert into t values (1, 1), (2, 2), (9, 9)');
      await client.query(`
        with a as (delete from t where id = 1 returning id), b as (insert into t select id, 5 from a returning id),
             d as (delete from t where id = 9 and (select count(*) from b) > 0 returning id)
        select count(*) from d`);
      expect(
        short(await events(client))
          .slice(3)
          .sort(),
      ).toEqual(['DELETE 9,9', 'UPDATE 1,5']);
      await client.query(`
        with a as (update t set id = 7 where id = 2 returning id), b as (insert into t select 2, 6 from a returning id),
             d as (update t set n = 0 where id = 1 and (select count(*) from b) > 0 returning id)
        select count(*) from d`);
      expect(
        short(await events(client))
          .slice(5)
          .sort(),
      ).toEqual(['INSERT 7,2', 'UPDATE 1,0', 'UPDATE 2,6']);
    });
  });

  it('keeps the order when a foreign key refers to its own table', async () => {
    const setUp =
      'create table t (id int primary key, parent int references t on delete cascade on update cascade)';
    await captured(version, setUp, ['t'], async (client) => {
      await client.query('insert into t values (1, null), (2, 1), (3, 2)');
      await client.query('update t set id = 10 where id = 1');
      expect(new Set(short(await events(client)).slice(3))).toEqual(
        new Set(['DELETE 1,', 'INSERT 10,', 'UPDATE 2,10']),
      );
      await client.query('delete from t where id = 10');
      expect(new Set(short(await events(client)).slice(6))).toEqual(
        new Set(['DELETE 10,', 'DELETE 2,10', 'DELETE 3,2']),
      );
    });
  });

  it('writes the last version of a row whose key a foreign key to its own table changes in the same statement', async () => {
    const setUp = `create table t (id int primary key, parent int references t on update cascade);
      create table w ("100% a" int primary key, b int unique); alter table w add foreign key ("100% a") references w (b) on update cascade`;
    await captured(version, setUp, ['t', 'w'], async (client) => {
      await client.query('insert into t values (1, null), (2, 1), (3, 2); insert into w values (5, 5)');
      // The statement changes row 2 to 12, and the foreign key sets its parent to 11: one insert of the last version.
      await client.query('update t set id = id + 10 where id < 3');
      const moved = short(await events(client, 'public.t')).slice(3);
      expect(moved).toEqual(['DELETE 1,', 'DELETE 2,1', 'UPDATE 3,12', 'INSERT 11,', 'INSERT 12,11']);
      // The statement changes b alone; then the foreign key changes the row's own key.
      await client.query('update w set b = 6');
      expect(short(await events(client, 'public.w')).slice(1)).toEqual(['DELETE 5,6', 'INSERT 6,6']);
    });
  });

  it('merges nested changes of equal rows without a key', async () => {
    const setUp = `
      create table t (n int);
      create function again() returns trigger language plpgsql as $$
      begin if new.n < 10 then update t set n = n + 10 where n = new.n; end if; return null; end $$;
      create trigger again after insert on t for each row execute procedure again();`;
    await captured(version, setUp, ['t'], async (client) => {
      await client.query('insert into t values (1), (1), (12)');
      expect(short(await events(client)).sort()).toEqual(['INSERT 11', 'INSERT 11', 'INSERT 12']);
    });
  });
});
