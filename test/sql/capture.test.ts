/**
 * Capture never hurts the application: one event per change, in the order of the rows' versions, whatever the session
 * has set, whatever happens to the table.
 */
import { describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { stateOf } from '../support/queue.ts';
import { until } from '../support/until.ts';

interface CapturedEvent {
  op: string;
  pkey: string[];
  data: Record<string, unknown>;
  old: Record<string, unknown> | null;
}

/** A database with a queue, and a way to make tables that are captured into it. */
async function captured(
  version: number,
  setUp: string,
  tables: string[],
  story: (client: Client) => Promise<void>,
): Promise<void> {
  const database = await createDatabase(await postgres(version), { installed: true });
  await database.client(async (client) => {
    await client.query("select pgq.create_queue('shop')");
    await client.query(setUp);
    for (const table of tables)
      await client.query(
        'select pgtide.create_capture($1, $2::text::regclass, pgtide.table_name($2::text::regclass))',
        ['shop', table],
      );
    await story(client);
  });
}

async function events(client: Client, table?: string): Promise<CapturedEvent[]> {
  const rows = await client.query<{ ev_type: string; ev_data: string; ev_extra2: string | null }>(
    'select ev_type, ev_data, ev_extra2 from pgq.event_1 where $1::text is null or ev_extra1 = $1 order by ev_id',
    [table ?? null],
  );
  return rows.map((row) => {
    if (row.ev_type === 'R') return { op: 'TRUNCATE', pkey: [], data: {}, old: null };
    const type = JSON.parse(row.ev_type) as { op: string; pkey: string[] };
    return {
      op: type.op,
      pkey: type.pkey,
      data: JSON.parse(row.ev_data),
      old: row.ev_extra2 ? JSON.parse(row.ev_extra2) : null,
    };
  });
}

const short = (list: CapturedEvent[]) =>
  list.map((event) => `${event.op} ${Object.values(event.data).join(',')}`);

describe.each([10, 13, 17, 18])('capture on PostgreSQL %i', (version) => {
  it('writes one event a row, with the type, the key and the row', async () => {
    await captured(version, 'create table t (id int primary key, note text)', ['t'], async (client) => {
      await client.query("insert into t values (1, 'a'), (2, null)");
      await client.query("update t set note = 'b' where id = 2");
      await client.query('delete from t where id = 1');
      await client.query('truncate t');
      expect(await events(client, 'public.t')).toEqual([
        { op: 'INSERT', pkey: ['id'], data: { id: 1, note: 'a' }, old: null },
        { op: 'INSERT', pkey: ['id'], data: { id: 2, note: null }, old: null },
        { op: 'UPDATE', pkey: ['id'], data: { id: 2, note: 'b' }, old: null },
        { op: 'DELETE', pkey: ['id'], data: { id: 1, note: 'a' }, old: null },
        { op: 'TRUNCATE', pkey: [], data: {}, old: null },
      ]);
    });
  });

  it('turns changed keys into deletes and inserts, deletes first, and swapped keys into updates', async () => {
    await captured(
      version,
      'create table t (id int primary key deferrable, note text)',
      ['t'],
      async (client) => {
        await client.query("insert into t values (1, 'a'), (2, 'b')");
        await client.query('update t set id = id + 1');
        await client.query('update t set id = 5 - id');
        const list = short(await events(client));
        expect(list.slice(2, 5)).toEqual(['DELETE 1,a', 'UPDATE 2,a', 'INSERT 3,b']);
        expect(list.slice(5).sort()).toEqual(['UPDATE 2,b', 'UPDATE 3,a']);
      },
    );
  });

  it('writes the whole old row where there is no key', async () => {
    await captured(version, 'create table t (a int, b text)', ['t'], async (client) => {
      await client.query("insert into t values (1, 'x'), (1, 'x')");
      await client.query("update t set b = 'y'");
      await client.query('delete from t');
      const list = await events(client);
      expect(short(list)).toEqual([
        'INSERT 1,x',
        'INSERT 1,x',
        'UPDATE 1,y',
        'UPDATE 1,y',
        'DELETE 1,y',
        'DELETE 1,y',
      ]);
      expect(list[2]).toMatchObject({ pkey: [], old: { a: 1, b: 'x' } });
    });
  });

  it('goes on when columns are added, renamed, retyped and dropped, and the next event has the new shape', async () => {
    await captured(version, 'create table t (id int primary key, b int[], c text)', ['t'], async (client) => {
      await client.query("insert into t values (1, '{1,2}', 'x')");
      await client.query('alter table t add d date');
      await client.query("insert into t values (2, '[0:1]={1,2}', 'x', '2020-02-03')");
      await client.query('alter table t rename b to e');
      await client.query(
        "set datestyle = 'German'; update t set d = '2021-03-04' where id = 2; set datestyle = 'ISO'",
      );
      await client.query('alter table t drop c');
      await client.query('alter table t alter d type text');
      await client.query('delete from t where id = 2');
      await client.query("select * from pgtide.refresh_capture('shop')");
      expect((await events(client)).map((event) => event.data)).toEqual([
        { id: 1, b: '{1,2}', c: 'x' },
        { id: 2, b: '[0:1]={1,2}', c: 'x', d: '2020-02-03' },
        { id: 2, e: '[0:1]={1,2}', c: 'x', d: '2021-03-04' },
        { id: 2, e: '[0:1]={1,2}', d: '2021-03-04' },
      ]);
    });
  });

  it('writes into the current event table, also in a session that knows another, and refuses where inserts are disabled', async () => {
    await captured(version, 'create table t (id int primary key, n int)', ['t'], async (client) => {
      const changes = ['insert into t values (1, 0)', 'update t set n = 1', 'delete from t'];
      const inTable = async (nr: number) =>
        (await client.query<{ ev_type: string }>(`select ev_type from pgq.event_1_${nr} order by ev_id`)).map(
          ({ ev_type }) => (JSON.parse(ev_type) as { op: string }).op,
        );
      for (const current of [0, 1, 2]) {
        await client.query(`update pgq.queue set queue_cur_table = ${current}`);
        for (const change of changes) await client.query(change);
        expect(await inTable(current)).toEqual(['INSERT', 'UPDATE', 'DELETE']);
      }
      await client.query('insert into t values (1, 0); update pgq.queue set queue_disable_insert = true');
      for (const change of ['insert into t values (2, 0)', 'update t set n = 1', 'delete from t'])
        await expect(client.query(change)).rejects.toThrow('Insert into queue disallowed');
    });
  });

  it('follows a key that becomes another, in a session that knows the first', async () => {
    const setUp = 'create table t (id int primary key, other int not null)';
    await captured(version, setUp, ['t'], async (client) => {
      await client.query('insert into t values (1, 10); update t set other = 11');
      await client.query('alter table t drop constraint t_pkey; alter table t add primary key (other)');
      await client.query('update t set id = 2; update t set other = 12; delete from t');
      expect((await events(client)).map(({ op, pkey, data }) => [op, pkey, data])).toEqual([
        ['INSERT', ['id'], { id: 1, other: 10 }],
        ['UPDATE', ['id'], { id: 1, other: 11 }],
        ['UPDATE', ['other'], { id: 2, other: 11 }],
        ['DELETE', ['other'], { id: 2, other: 11 }],
        ['INSERT', ['other'], { id: 2, other: 12 }],
        ['DELETE', ['other'], { id: 2, other: 12 }],
      ]);
    });
  });

  it('goes on in a session that has seen a column go while its own snapshot was older', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await using other = await database.open();
    await database.client(async (client) => {
      await client.query("select pgq.create_queue('shop')");
      await client.query('create table t (id int primary key, gone int)');
      await client.query("select pgtide.create_capture('shop', 't'::regclass, 'public.t')");
      await other.client.query('insert into t values (1, 1)');
      await other.client.query('begin isolation level repeatable read; select 1 from pgq.queue');
      await client.query('alter table t drop gone');
      await other.client.query('insert into t values (2)').catch(() => undefined);
      await other.client.query('rollback');
      await other.client.query('insert into t values (3); update t set id = 4 where id = 3; delete from t');
      expect(short(await events(client)).slice(1)).toEqual([
        'INSERT 3',
        'DELETE 3',
        'INSERT 4',
        'DELETE 1',
        'DELETE 4',
      ]);
    });
  });

  it('finds a row by its key where the equality of its type lies in a schema of its own', async () => {
    const compare = (operator: string, builtIn: string) => `
      create function other.${builtIn}(other.num, other.num) returns bool language internal immutable strict as 'int4${builtIn}';
      create operator other.${operator} (leftarg = other.num, rightarg = other.num, procedure = other.${builtIn});`;
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.superuser(async (client) => {
      await client.query(`select pgq.create_queue('shop'); create schema other; create type other.num;
        create function other.num_in(cstring) returns other.num language internal immutable strict as 'int4in';
        create function other.num_out(other.num) returns cstring language internal immutable strict as 'int4out';
        create type other.num (input = other.num_in, output = other.num_out, internallength = 4, passedbyvalue, alignment = int4);
        ${compare('<', 'lt')} ${compare('<=', 'le')} ${compare('=', 'eq')} ${compare('>=', 'ge')} ${compare('>', 'gt')}
        create function other.cmp(other.num, other.num) returns int language internal immutable strict as 'btint4cmp';
        create operator class other.num_ops default for type other.num using btree as
          operator 1 other.<, operator 2 other.<=, operator 3 other.=, operator 4 other.>=, operator 5 other.>,
          function 1 other.cmp(other.num, other.num);
        create table t (id other.num primary key, n int)`);
      await client.query("select pgtide.create_capture('shop', 't'::regclass, 'public.t')");
      await client.query("insert into t values ('1', 0), ('2', 0)");
      await client.query("update t set n = 1 where id operator(other.=) '1'");
      await client.query("update t set id = '3' where id operator(other.=) '1'");
      await client.query("delete from t where id operator(other.=) '3'");
      expect(short(await events(client)).slice(2)).toEqual([
        'UPDATE 1,1',
        'DELETE 1,1',
        'INSERT 3,1',
        'DELETE 3,1',
      ]);
    });
  });

  it('survives hostile names', async () => {
    const name = `"we""ird'.$capture$ %I %s\\ t"`;
    const column = `"co""l %1$s '$body$"`;
    await captured(
      version,
      `create table ${name} (id int primary key, ${column} int)`,
      [name],
      async (client) => {
        await client.query(`insert into ${name} values (1, 2)`);
        await client.query(`update ${name} set ${column} = 3`);
        await client.query(`update ${name} set id = 4`);
        expect(short(await events(client))).toEqual(['INSERT 1,2', 'UPDATE 1,3', 'DELETE 1,3', 'INSERT 4,3']);
      },
    );
  });

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

  it('settles nested changes beside a trigger of PgQ on the same table, whose events stay', async () => {
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
        `select ev_type as type, ev_data as data from pgq.event_template order by ev_type, ev_data`,
      );
      expect(written.filter(({ type }) => !type.startsWith('{'))).toEqual([
        { type: 'I:id', data: 'id=1&n=0' },
        { type: 'U:id', data: 'id=1&n=1' },
      ]);
      expect(written.filter(({ type }) => type.startsWith('{'))).toMatchObject([{ data: '{"id":1,"n":1}' }]);
    });
  });

  it('keeps the order when a BEFORE trigger makes room for the row that the statement inserts', async () => {
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

  it('goes on when the table is renamed', async () => {
    await captured(version, 'create table t (id int primary key)', ['t'], async (client) => {
      await client.query('insert into t values (1), (2)');
      await client.query('alter table t rename to u; delete from u where id = 1; update u set id = 3');
      expect((await events(client)).map((event) => event.op)).toEqual([
        'INSERT',
        'INSERT',
        'DELETE',
        'DELETE',
        'INSERT',
      ]);
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

  it('tells what became of a key that a foreign key to its own table changes in the same statement', async () => {
    const setUp = `create table t (id int primary key, parent int references t on update cascade);
      create table w ("100% a" int primary key, b int unique); alter table w add foreign key ("100% a") references w (b) on update cascade`;
    await captured(version, setUp, ['t', 'w'], async (client) => {
      await client.query('insert into t values (1, null), (2, 1), (3, 2); insert into w values (5, 5)');
      // Row 2 is moved to 12 by the statement, and given its parent 11 by the key: one insert of what it is then.
      await client.query('update t set id = id + 10 where id < 3');
      const moved = short(await events(client, 'public.t')).slice(3);
      expect(moved).toEqual(['DELETE 1,', 'DELETE 2,1', 'UPDATE 3,12', 'INSERT 11,', 'INSERT 12,11']);
      // The statement changes b alone; then the foreign key changes the row's own key.
      await client.query('update w set b = 6');
      expect(short(await events(client, 'public.w')).slice(1)).toEqual(['DELETE 5,6', 'INSERT 6,6']);
    });
  });

  it('nets nested changes of equal rows where there is no key', async () => {
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

  it('sees statements that name the partitioned table, and ones that name a partition', async () => {
    const setUp = `
      create table p (id int not null, n int) partition by list (id);
      create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
      alter table p1 add primary key (id); alter table p2 add primary key (id);`;
    await captured(version, setUp, ['p'], async (client) => {
      await client.query('insert into p values (1, 1)');
      await client.query('insert into p2 values (2, 2)');
      await client.query('update p set n = 3');
      await client.query('truncate p2');
      await client.query('truncate p');
      const list = await events(client, 'public.p');
      expect(short(list)).toEqual([
        'INSERT 1,1',
        'INSERT 2,2',
        'UPDATE 1,3',
        'UPDATE 2,3',
        'DELETE 2,3',
        'TRUNCATE ',
      ]);
    });
  });

  it('captures a partition until it is detached, and again once it is attached', async () => {
    const setUp = `create table p (id int not null, n int) partition by list (id); create table p1 (id int not null, n int) partition by list (id);
      create table p11 partition of p1 for values in (1); alter table p11 add primary key (id); alter table p attach partition p1 for values in (1)`;
    await captured(version, setUp, ['p'], async (client) => {
      const attach = 'alter table p attach partition p1 for values in (1)';
      await client.query('insert into p11 values (1, 1)');
      await client.query('alter table p detach partition p1');
      for (const isolation of ['read committed', 'repeatable read']) {
        await client.query(`begin isolation level ${isolation}`);
        await client.query('update p11 set n = 2');
        await client.query('delete from p1');
        await client.query('insert into p11 values (1, 3)');
        await client.query('truncate p1');
        await client.query('insert into p1 values (1, 4)');
        expect(await events(client)).toHaveLength(1);
        await client.query('rollback');
      }
      expect(short(await events(client))).toEqual(['INSERT 1,1']);
      // Version 10 lets no table that has such triggers become a partition.
      if (version === 10) return;
      await client.query(attach);
      await client.query('update p11 set n = 5');
      expect(short(await events(client)).at(-1)).toBe('UPDATE 1,5');
      await client.query('alter table p1 detach partition p11');
      await client.query('update p11 set n = 6');
      expect(await events(client)).toHaveLength(2);
    });
  });

  it('does not write behind the back of a rotation from an old snapshot', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await using other = await database.open();
    await database.client(async (client) => {
      await client.query("select pgq.create_queue('shop')");
      await client.query('create table t (id int primary key)');
      await client.query("select pgtide.create_capture('shop', 't'::regclass, 'public.t')");
      await other.client.query('begin isolation level repeatable read; select count(*) from t');
      await client.query("update pgq.queue set queue_cur_table = 1 where queue_name = 'shop'");
      await expect(other.client.query('insert into t values (1)')).rejects.toThrow(
        /40001 serialization_failure/,
      );
      await other.client.query('rollback; insert into t values (2)');
      expect(await client.query('select ev_data from pgq.event_1_1')).toEqual([{ ev_data: '{"id":2}' }]);
    });
  });

  it.each(['repeatable read', 'serializable'])(
    'makes no writer in %s wait for another',
    async (isolation) => {
      const database = await createDatabase(await postgres(version), { installed: true });
      await using other = await database.open();
      await database.client(async (client) => {
        await client.query(`select pgq.create_queue('shop'); create table t (id int primary key)`);
        await client.query("select pgtide.create_capture('shop', 't'::regclass, 'public.t')");
        await other.client.query(
          `begin isolation level ${isolation}; insert into t values (1), (2); update t set id = 3 where id = 2`,
        );
        expect(await client.query('select from pgq.queue for update nowait')).toHaveLength(1);
        await other.client.query('commit');
        expect(short(await events(client))).toEqual(['INSERT 1', 'INSERT 2', 'DELETE 2', 'INSERT 3']);
      });
    },
  );

  it('refuses no write because a partition is being detached', async ({ skip }) => {
    if (version < 14) skip();
    const database = await createDatabase(await postgres(version), { installed: true });
    await using reader = await database.open();
    await using other = await database.open();
    await database.client(async (client) => {
      await client.query(`select pgq.create_queue('shop'); create table p (id int primary key, n int) partition by range (id);
        create table p_1 partition of p for values from (0) to (10); create table p_2 partition of p for values from (10) to (20)`);
      await client.query("select pgtide.create_capture('shop', 'p'::regclass, 'public.p')");
      await client.query('insert into p values (1, 1), (2, 2), (11, 1)');
      await reader.client.query('begin; select from p');
      // It waits for the reader, and ends half done.
      const { pid } = (await other.client.first<{ pid: number }>('select pg_backend_pid() as pid')) ?? {};
      const detached = stateOf(other.client.query('alter table p detach partition p_2 concurrently'));
      await until('the partition is half detached', () =>
        client.first('select from pg_inherits where inhdetachpending'),
      );
      await client.query('select pg_cancel_backend($1)', [pid]);
      expect((await detached)?.[0]).toBe('57014');
      await reader.client.query('rollback');
      for (const [isolation, change] of [
        ['repeatable read', 'delete from p where id = 1'],
        ['serializable', 'update p set id = 5 where id = 2'],
      ])
        await client.query(`begin isolation level ${isolation}; ${change}; commit`);
      expect(short(await events(client)).slice(3)).toEqual(['DELETE 1,1', 'DELETE 2,2', 'INSERT 5,2']);
      await client.query('alter table p detach partition p_2 finalize');
    });
  });

  it('lets no session write from a snapshot that is older than a change of the table', async () => {
    const changes = [
      'alter table t add more int',
      'alter table t rename n to m',
      'alter table t alter n type bigint',
      'alter table t drop constraint t_pkey; alter table t add constraint t_pkey primary key (n)',
      'alter table t rename to u',
      'alter schema s rename to s2',
    ];
    const database = await createDatabase(await postgres(version), { installed: true });
    await using other = await database.open();
    await database.client(async (client) => {
      await client.query(`select pgq.create_queue('shop')`);
      for (const change of changes) {
        await client.query(`create schema s; create table s.t (id int primary key, n int not null);
          select pgtide.create_capture('shop', 's.t'::regclass, 's.t')`);
        await other.client.query('begin isolation level repeatable read; select 1');
        await client.query(`set search_path = s; ${change}; reset search_path`);
        const { name } = (await client.first<{ name: string }>(
          `select distinct tgrelid::regclass::text as name from pg_trigger where tgfoid::regproc::text like 'pgtide.capture_%'`,
        )) as { name: string };
        await expect(other.client.query(`insert into ${name} values (1, 1)`)).rejects.toThrow(
          /could not serialize/,
        );
        await other.client.query('rollback');
        await other.client.query(`insert into ${name} values (2, 2)`);
        await other.client.query('begin isolation level repeatable read');
        await other.client.query(`insert into ${name} values (3, 3)`);
        await other.client.query('commit');
        const columns = Object.keys(
          (await client.first<Record<string, unknown>>(`select * from ${name}`)) ?? {},
        );
        expect((await events(client)).map(({ data }) => Object.keys(data))).toEqual([columns, columns]);
        await client.query(`truncate pgq.event_1_0; drop table ${name}; drop schema if exists s, s2`);
      }
    });
  });

  it('is quiet where the session says local', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    await database.superuser(async (client) => {
      await client.query("select pgq.create_queue('shop')");
      await client.query(
        "create table t (id int primary key); select pgtide.create_capture('shop', 't'::regclass, 'public.t')",
      );
      await client.query("set session_replication_role = 'local'; insert into t values (1)");
      await client.query("set session_replication_role = 'origin'; insert into t values (2)");
      expect(short(await events(client))).toEqual(['INSERT 2']);
    });
  });

  it('writes the same values whatever the session has set', async () => {
    const setUp = `
      create type pair as (at timestamp, span interval);
      create table t (id int primary key, d date, r tsrange, i interval, f float8, m money, b bytea, c pair, a timestamptz[], j jsonb);`;
    await captured(version, setUp, ['t'], async (client) => {
      const row = `'2020-12-03', tsrange('2020-12-03', '2020-12-04'), '-1 day +02:03:04', 1.0/3, 1234.5, '\\xdead',
        row('2020-12-03', '1 mon')::pair, array['2020-12-03 10:00+00'::timestamptz], '{"a": "null"}'`;
      await client.query(`insert into t values (1, ${row})`);
      await client.query(`set datestyle = 'German'; set intervalstyle = 'sql_standard'; set timezone = 'Asia/Kolkata';
        set extra_float_digits = -10; set bytea_output = 'escape'; set search_path = public, pg_catalog`);
      await client.query(
        `insert into t values (2, ${row.replace("'2020-12-03 10:00+00'", "'2020-12-03 15:30+05:30'")})`,
      );
      const [first, second] = await events(client);
      expect(second?.data).toEqual({ ...first?.data, id: 2 });
    });
  });
});
