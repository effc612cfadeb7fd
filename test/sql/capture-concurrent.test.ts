/** Writers with old snapshots neither wait for each other nor write into an event table that has been rotated out. */
import { describe, expect, it } from 'vitest';
import { events, short } from '../support/captured.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 17, 18]))('capture on PostgreSQL %i', (version) => {
  it('does not insert into an event table that was rotated out after the snapshot', async () => {
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
      expect(await client.query('select c1 as id from pgq.rows_1_1_1')).toEqual([{ id: 2 }]);
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
});
