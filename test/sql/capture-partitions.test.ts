/** Capture of a partitioned table sees each change once, whether a statement names the table or a partition. */
import { describe, expect, it } from 'vitest';
import { captured, events, short } from '../support/captured.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { stateOf } from '../support/queue.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 17, 18]))('capture on PostgreSQL %i', (version) => {
  it('captures statements that name the partitioned table, and those that name a partition', async () => {
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
      // Before version 13 a table with such triggers cannot become a partition.
      if (version < 13) return;
      await client.query(attach);
      await client.query('update p11 set n = 5');
      expect(short(await events(client)).at(-1)).toBe('UPDATE 1,5');
      await client.query('alter table p1 detach partition p11');
      await client.query('update p11 set n = 6');
      expect(await events(client)).toHaveLength(2);
    });
  });

  it('allows writes while a partition is being detached', async ({ skip }) => {
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
      // It waits for the reader, and is canceled halfway.
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
});
