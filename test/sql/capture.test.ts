/** Capture writes one event for each change of a row, with the same values whatever the session has set. */
import { describe, expect, it } from 'vitest';
import { captured, events, short } from '../support/captured.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 17, 18]))('capture on PostgreSQL %i', (version) => {
  it('writes an event for each row, with operation, key and values', async () => {
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

  it('writes the whole old row if the table has no key', async () => {
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

  it('inserts into the current event table, also in a session that has used another, and fails if inserts are disabled', async () => {
    await captured(version, 'create table t (id int primary key, n int)', ['t'], async (client) => {
      const changes = ['insert into t values (1, 0)', 'update t set n = 1', 'delete from t'];
      const inTable = async (nr: number) =>
        (await client.query<{ op: string }>(`select ev_op as op from pgq.rows_1_1_${nr} order by ev_id`)).map(
          ({ op }) => op,
        );
      for (const current of [0, 1, 2]) {
        await client.query(`update pgq.queue set queue_cur_table = ${current}`);
        for (const change of changes) await client.query(change);
        expect(await inTable(current)).toEqual(['I', 'U', 'D']);
      }
      await client.query('insert into t values (1, 0); update pgq.queue set queue_disable_insert = true');
      for (const change of ['insert into t values (2, 0)', 'update t set n = 1', 'delete from t'])
        await expect(client.query(change)).rejects.toThrow('Insert into queue disallowed');
    });
  });

  it('finds rows by a key whose equality operator is in another schema', async () => {
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

  it('writes nothing if session_replication_role is local', async () => {
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

  it('writes the same values whatever the settings of the session', async () => {
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
