/**
 * pgq._put_event contains the names of event tables and keeps a plan for each. The list affects speed alone: an event gets
 * into its queue's current table in whatever order queues are created, dropped, changed and rotated, and sessions notice.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { insertEvent, makeQueue } from '../support/queue.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });

  /** The table that the event went into, and whether it has a statement of its own. */
  async function insert(client: Client, queue: string): Promise<[table: string, known: boolean]> {
    const found = await client.first<{ id: bigint }>(`select pgq.insert_event($1, 't', 'd') as id`, [queue]);
    const row = await client.first<{ name: string; known: boolean }>(
      `select e.tableoid::regclass::text as name, p.prosrc like '%insert into ' || e.tableoid::regclass || ' %' as known
         from pgq.event_template e, pg_proc p, pgq.queue q
        where e.ev_id = $1 and p.oid = (select oid from pg_proc where proname = '_put_event')
          and q.queue_name = $2 and e.tableoid::regclass::text like q.queue_data_pfx || '~_%' escape '~'`,
      [found?.id, queue],
    );
    return [row?.name ?? '', row?.known ?? false];
  }

  /** Waits until a session waits for a lock in this database. */
  const somebodyWaits = (client: Client) =>
    until('somebody waits for a lock', async () =>
      client.first(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    );

  async function prefixOf(client: Client, queue: string): Promise<string> {
    const row = await client.first<{ pfx: string }>(
      'select queue_data_pfx as pfx from pgq.queue where queue_name = $1',
      [queue],
    );
    return row?.pfx ?? '';
  }

  test('Each table of a queue has its own statement, which needs no other', () =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      const pfx = await prefixOf(client, queue);
      await client.query('begin');
      await client.query(
        `do $$ begin execute 'alter function ' || (select oid::regprocedure from pg_proc where proname = '_put_event_by_name')
           || ' rename to _put_event_no_way'; end $$`,
      );
      for (const table of [0, 1, 2, 0]) {
        await client.query('update pgq.queue set queue_cur_table = $2 where queue_name = $1', [queue, table]);
        expect(await insert(client, queue)).toEqual([`${pfx}_${table}`, true]);
      }
      await client.query('rollback');
    }));

  test('A session with cached plans follows a rotation by another session', () =>
    db.client(async (client) => {
      await using other = await db.open();
      const queue = await makeQueue(client);
      const pfx = await prefixOf(client, queue);
      await client.query(`update pgq.queue set queue_rotation_period = '0' where queue_name = $1`, [queue]);
      for (const table of [0, 1, 2, 0, 1, 2]) {
        expect(await insert(other.client, queue)).toEqual([`${pfx}_${table}`, true]);
        await until('the queue rotates', async () => {
          await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
          await client.query('select pgq.maint_rotate_tables_step2()');
          return client.first(
            'select true as there from pgq.queue where queue_name = $1 and queue_cur_table <> $2',
            [queue, table],
          );
        });
      }
    }));

  test('A transaction that has inserted already gets into queues that came, and came again, since', () =>
    db.client(async (client) => {
      await using other = await db.open();
      const [old, again] = [await makeQueue(client), await makeQueue(client)];
      await insertEvent(other.client, again);
      await other.client.query('begin');
      await insertEvent(other.client, old);
      const added = await makeQueue(client);
      await client.query('select pgq.drop_queue($1), pgq.create_queue($1)', [again]);
      for (const queue of [added, again, old]) {
        const [table] = await insert(other.client, queue);
        expect(table).toBe(`${await prefixOf(client, queue)}_0`);
      }
      await other.client.query('commit');
      for (const queue of [added, again, old]) {
        expect(await insert(other.client, queue)).toEqual([`${await prefixOf(client, queue)}_0`, true]);
      }
    }));

  test('Queues that are made and dropped at once wait for each other, and all are known', () =>
    db.client(async (client) => {
      await using first = await db.open();
      await using second = await db.open();
      const dropped = await makeQueue(client);
      for (const [name, end] of [
        ['race_c', 'commit'],
        ['race_r', 'rollback'],
      ]) {
        await first.client.query('begin');
        await first.client.query('select pgq.create_queue($1)', [`${name}_1`]);
        const waiting = second.client.query('select pgq.create_queue($1)', [`${name}_2`]);
        await somebodyWaits(client);
        await insertEvent(client, dropped);
        await first.client.query(`${end}`);
        await waiting;
      }
      await first.client.query('begin');
      await first.client.query('select pgq.drop_queue($1)', [dropped]);
      const waiting = second.client.query('select pgq.create_queue($1)', ['race_d']);
      await somebodyWaits(client);
      await first.client.query('commit');
      await waiting;
      for (const queue of ['race_c_1', 'race_c_2', 'race_r_2', 'race_d']) {
        expect(await insert(client, queue)).toEqual([`${await prefixOf(client, queue)}_0`, true]);
      }
    }));

  test('Tables that are named otherwise, or more than three, are found all the same', () =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      const pfx = await prefixOf(client, queue);
      await insertEvent(client, queue);
      await client.query(`create table ${pfx}_3 () inherits (${pfx})`);
      await client.query(
        'update pgq.queue set queue_ntables = 4, queue_cur_table = 3 where queue_name = $1',
        [queue],
      );
      expect(await insert(client, queue)).toEqual([`${pfx}_3`, false]);
      await client.query('select pgq._make_put_event()');
      expect(await insert(client, queue)).toEqual([`${pfx}_3`, true]);

      const other = `${pfx}_other`;
      await client.query(`alter table ${pfx}_3 rename to ${other.slice('pgq.'.length)}_3`);
      await client.query('update pgq.queue set queue_data_pfx = $2 where queue_name = $1', [queue, other]);
      await client.query('select pgq._make_put_event()');
      expect(await insert(client, queue)).toEqual([`${other}_3`, false]);
      await client.query(`update pgq.queue set queue_data_pfx = 'no sql;' where queue_name = $1`, [queue]);
      await client.query('select pgq._make_put_event()');
      const another = await makeQueue(client);
      expect(await insert(client, another)).toEqual([`${await prefixOf(client, another)}_0`, true]);
    }));

  test('The installer creates it again for the queues that are there', async () => {
    const own = await createDatabase(await postgres(version), { installed: true });
    await own.client(async (client) => {
      const queue = await makeQueue(client);
      const [table] = await insert(client, queue);
      await client.query(
        `do $$ begin execute 'drop function ' || (select oid::regprocedure from pg_proc where proname = '_put_event'); end $$`,
      );
      await install(client, { force: true });
      expect(await insert(client, queue)).toEqual([table, true]);
    });
  });

  test('Of more than a hundred queues the later ones do without', async () => {
    const own = await createDatabase(await postgres(version), { installed: true });
    await own.client(async (client) => {
      await client.query(`select pgq.create_queue('many_' || n) from generate_series(1, 102) n`);
      for (const [queue, known] of [
        ['many_1', true],
        ['many_50', true],
        ['many_100', true],
        ['many_101', false],
      ] as const) {
        expect(await insert(client, queue)).toEqual([`${await prefixOf(client, queue)}_0`, known]);
      }
      await client.query(`select pgq.drop_queue('many_50')`);
      expect(await insert(client, 'many_101')).toEqual([`${await prefixOf(client, 'many_101')}_0`, true]);
    });
  });
});
