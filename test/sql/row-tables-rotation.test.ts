/**
 * Row tables are created and dropped by maintenance, rotate with the event tables of their queue, and have its rights.
 */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, createRole, ownServer, postgres, type ServerAddress } from '../support/database.ts';
import { consume, nextBatch, tickNow } from '../support/queue.ts';
import { type RowStory, refresh, rotate, rowTables, withRowTable } from '../support/row-tables.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 15, 18]))('row tables on PostgreSQL %i', (version) => {
  let server: ServerAddress;
  beforeAll(async () => {
    // A separate server: a transaction that runs in another database holds rotation, too.
    server = await ownServer({ version });
  });
  const withTable = (setUp: string, story: RowStory) => withRowTable(server, setUp, story);

  test('are dropped after a new shape once rotation has emptied them and no open transaction can write them', async () => {
    await withTable('create table t (id int primary key, n int)', async (client, queue, database) => {
      await client.query('insert into t values (1, 1)');
      await client.query('alter table t add x text');
      await refresh(client);
      await client.query(`update t set x = 'new'`);
      const both = [1, 2].flatMap((id) => [0, 1, 2].map((nr) => `rows_1_${id}_${nr}`));
      expect(await rowTables(client)).toEqual(both);
      await refresh(client);
      await refresh(client);
      expect(await rowTables(client)).toEqual(both);
      // It has no snapshot, so it does not keep the queue from rotating.
      const open = await database.open();
      await open.client.query('begin');
      await client.query('update pgq.row_table set rt_retired = null');
      await refresh(client);
      for (const _ of [1, 2, 3]) {
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        await rotate(client);
      }
      await refresh(client);
      expect(await rowTables(client)).toEqual(both);
      await open.client.query('commit');
      await open[Symbol.asyncDispose]();
      await refresh(client);
      expect(await rowTables(client)).toEqual(both.slice(3));
      await client.query(`update t set x = 'newer'`);
      await tickNow(client, queue);
      expect(await consume(client, queue, 'reader')).toMatchObject([
        { ev_data: '{"id":1,"n":1,"x":"newer"}' },
      ]);
      await client.query(`select pgtide.drop_capture($1, 't'::regclass)`, [queue]);
      for (const _ of [1, 2, 3]) {
        await rotate(client);
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
      }
      await refresh(client);
      await refresh(client);
      expect(await rowTables(client)).toEqual([]);
      expect(await client.query('select from pgq.row_table')).toEqual([]);
    });
  });

  test('are used again if the table gets its earlier shape', async () => {
    await withTable('create table t (id int primary key, n int)', async (client, queue) => {
      await client.query('insert into t values (1, 1); alter table t add x int');
      await refresh(client);
      await client.query('update t set x = 1; alter table t drop x');
      await refresh(client);
      await refresh(client);
      await client.query('update t set n = 2');
      expect(await rowTables(client)).toHaveLength(6);
      await tickNow(client, queue);
      expect((await consume(client, queue, 'reader')).map(({ ev_data }) => ev_data)).toEqual([
        '{"id":1,"n":1}',
        '{"id":1,"n":1,"x":1}',
        '{"id":1,"n":2}',
      ]);
    });
  });

  test('are read by roles that may consume from the queue, and by no others', async () => {
    const database = await createDatabase(await postgres(version), { installed: true });
    const [early, late, other] = ['early', 'late', 'other'].map(
      (name) => `${name}_${randomBytes(4).toString('hex')}`,
    );
    for (const role of [early, late, other]) await createRole(database.server, role as string);
    await database.client(async (client) => {
      await client.query(
        `select pgq.create_queue('shop'), pgq.register_consumer('shop', 'reader'); create table t (id int primary key)`,
      );
      const grant = (role: string | undefined) =>
        client.query(`select pgtide.grant_queue('shop', $1, 'consume')`, [role]);
      await grant(early);
      await client.query(`select pgtide.create_capture('shop', 't'::regclass, 'public.t')`);
      await grant(late);
      await client.query('insert into t values (1)');
      await tickNow(client, 'shop');
      const batch = await nextBatch(client, 'shop', 'reader');
      const read = (role: string | undefined) =>
        database.superuser(async (superuser) => {
          await superuser.query(`set role ${role}`);
          return superuser.query('select ev_data from pgq.get_batch_events($1)', [batch]);
        });
      for (const role of [early, late]) expect(await read(role)).toEqual([{ ev_data: '{"id":1}' }]);
      await expect(read(other)).rejects.toThrow(/permission denied|42501/);
      await client.query(`select pgtide.revoke_queue('shop', $1, 'consume')`, [early]);
      await expect(read(early)).rejects.toThrow(/permission denied|42501/);
    });
  });

  test('are created for fifty tables in one run of maintenance', { timeout: 60_000 }, async () => {
    await withTable('create table t (id int primary key)', async (client, queue) => {
      const tables = Array.from({ length: 52 }, (_, nr) => `t${nr}`);
      for (const table of tables)
        await client.query(
          `create table ${table} (id int primary key); select londiste.local_add_table('${queue}', 'public.${table}', '{pgtide}')`,
        );
      for (const table of tables) await client.query(`alter table ${table} add n int`);
      const changed = async () => (await refresh(client)).length;
      expect([await changed(), await changed(), await changed()]).toEqual([50, 2, 0]);
    });
  });

  test('go with their queue', async () => {
    await withTable('create table t (id int primary key)', async (client, queue) => {
      await client.query('insert into t values (1)');
      await client.query(`select pgtide.drop_capture($1, 't'::regclass), pgq.drop_queue($1, true)`, [queue]);
      expect(await rowTables(client)).toEqual([]);
      expect(await client.query('select from pgq.row_table')).toEqual([]);
    });
  });

  test('are emptied a hundred in one step, and the queue rotates after the last', async () => {
    await withTable('create table t (id int primary key)', async (client, queue) => {
      await client.query(
        `select pgq._create_row_table('c1 int', jsonb_build_object('rt_queue', 1, 'rt_name', 'x', 'rt_mark', g, 'rt_columns', '', 'rt_type', 'null', 'rt_data', 'null', 'rt_size', '0')) from generate_series(1, 120) g`,
      );
      const current = async () =>
        (await client.first<{ nr: number }>('select queue_cur_table as nr from pgq.queue'))?.nr;
      await client.query(
        `do $$ declare n text; begin for n in select t.name from pgq._row_tables(1, 1, false) t loop
           execute format('insert into %s (ev_time, ev_op, c1) values (now(), ''I'', 1)', n); end loop; end $$`,
      );
      const filled = async () => (await client.query('select from pgq._row_tables(1, 1, true)')).length;
      expect(await filled()).toBeGreaterThan(100);
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await rotate(client);
      expect([await current(), (await filled()) > 0]).toEqual([0, true]);
      await rotate(client);
      expect([await current(), await filled()]).toEqual([1, 0]);
    });
  });
});
