/** Capture goes on when its table is altered: the next event has the new columns, key and name, and no event mixes old and new. */
import { describe, expect, it } from 'vitest';
import { captured, events, short } from '../support/captured.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 17, 18]))('capture on PostgreSQL %i', (version) => {
  it('continues when columns are added, renamed, changed in type and dropped: the next event has the new columns', async () => {
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

  it('uses a new key, also in a session that has used the old one', async () => {
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

  it('continues in a session after a column was dropped that its snapshot still had', async () => {
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

  it('continues when the table is renamed', async () => {
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

  it('fails in a transaction whose snapshot is older than a change of the table', async () => {
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
});
