/**
 * Row tables come and go while sessions write: no capture loses the row table that it writes, and a transaction with an old snapshot settles the
 * order of its nested statements, or fails.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { listQueues } from '../../lib/pgq/queue-settings.ts';
import { createRole, ownServer, type ServerAddress } from '../support/database.ts';
import { consume, tickNow } from '../support/queue.ts';
import { type RowStory, refresh, rowTables, withRowTable } from '../support/row-tables.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

/** Makes the capture of table t one of an earlier release, with a row table of another definition. */
async function beOfEarlierRelease(client: Client): Promise<void> {
  await client.query(`update pgq.row_table set rt_mark = 'earlier ' || rt_id`);
  await client.query(
    `do $$ begin execute (
       select replace(pg_get_functiondef(p.oid), pgtide._capture_version(), 'earlier') from pg_proc p
        where p.pronamespace = 'pgtide'::regnamespace and p.proname ~ '^capture_[0-9]'); end $$`,
  );
}

describe.each(withOthers([10, 15, 18]))('row tables on PostgreSQL %i', (version) => {
  let server: ServerAddress;
  beforeAll(async () => {
    server = await ownServer({ version });
  });
  const withTable = (setUp: string, story: RowStory) => withRowTable(server, setUp, story);
  const ids = (first: number, ...more: number[]) =>
    [first, ...more].flatMap((id) => [0, 1, 2].map((nr) => `rows_1_${id}_${nr}`));
  const eventsOf = async (client: Client, queue: string) => {
    await tickNow(client, queue);
    return (await consume(client, queue, 'reader')).map(({ ev_data }) => ev_data);
  };

  test('are not dropped by the run that replaces the capture, nor while a transaction is open that may use it', async () => {
    await withTable('create table t (id int primary key)', async (client, queue, database) => {
      await beOfEarlierRelease(client);
      await using early = await database.open();
      await early.client.query('begin');
      await refresh(client);
      expect(await rowTables(client)).toEqual(ids(1, 2));
      await refresh(client);
      await refresh(client);
      expect(await rowTables(client)).toEqual(ids(1, 2));
      await early.client.query('insert into t values (1); commit');
      await refresh(client);
      expect(await rowTables(client)).toEqual(ids(2));
      await client.query('insert into t values (2)');
      expect(await eventsOf(client, queue)).toEqual(['{"id":1}', '{"id":2}']);
    });
  });

  test('are kept for a capture that is being created', async () => {
    await withTable('create table t (id int primary key)', async (client, queue, database) => {
      await client.query(`select pgtide.drop_capture($1, 't'::regclass)`, [queue]);
      await using creator = await database.open();
      await creator.client.query('begin');
      await creator.client.query(`select pgtide.create_capture($1, 't'::regclass, 'public.t')`, [queue]);
      await refresh(client);
      await refresh(client);
      await creator.client.query('commit');
      await client.query('insert into t values (1)');
      await refresh(client);
      await refresh(client);
      await client.query('insert into t values (2)');
      expect(await eventsOf(client, queue)).toEqual(['{"id":1}', '{"id":2}']);
      // Retired while no capture wrote it, and then used again.
      await client.query(`select pgtide.drop_capture($1, 't'::regclass)`, [queue]);
      await refresh(client);
      await client.query(`select pgtide.create_capture($1, 't'::regclass, 'public.t')`, [queue]);
      await refresh(client);
      await refresh(client);
      await client.query('insert into t values (3)');
      expect(await eventsOf(client, queue)).toEqual(['{"id":3}']);
    });
  });

  test('are kept for a capture whose creation begins while they are retired', async () => {
    await withTable('create table t (id int primary key)', async (client, queue, database) => {
      await client.query(`select pgtide.drop_capture($1, 't'::regclass)`, [queue]);
      await using maintenance = await database.open();
      await maintenance.client.query('begin');
      await maintenance.client.query('select pgtide.retire_row_tables($1)', [queue]);
      await using creator = await database.open();
      await creator.client.query('begin');
      const created = creator.client.query(`select pgtide.create_capture($1, 't'::regclass, 'public.t')`, [
        queue,
      ]);
      await Promise.race([
        created,
        until('the creator waits', () =>
          client.first(
            `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%create_capture%'`,
          ),
        ),
      ]);
      await maintenance.client.query('commit');
      await created;
      await client.query('select pgtide.retire_row_tables($1)', [queue]);
      await creator.client.query('commit');
      await client.query('insert into t values (1)');
      expect(await eventsOf(client, queue)).toEqual(['{"id":1}']);
    });
  });

  test('are created again for a capture that has lost its own', async () => {
    await withTable('create table t (id int primary key)', async (client, queue) => {
      await client.query(
        'drop table pgq.rows_1_1_0, pgq.rows_1_1_1, pgq.rows_1_1_2; delete from pgq.row_table',
      );
      await refresh(client);
      await client.query('insert into t values (1)');
      expect(await eventsOf(client, queue)).toEqual(['{"id":1}']);
    });
  });

  test.each([
    'alter table t add z int',
    'alter table t alter n type text',
    'alter table t rename n to m',
    'alter table t drop n',
  ])(
    'are written in the shape that the table has, if it is altered while its capture is made: %s',
    async (ddl) => {
      await withTable('create table t (id int primary key, n int)', async (client, queue, database) => {
        await client.query('insert into t values (1, 1); alter table t add x int');
        // Whoever creates the row table now makes the next one wait, between its two steps.
        await using holder = await database.open();
        await holder.client.query(
          `begin; select pgtide._create_row_table(queue_id, 't'::regclass) from pgq.queue`,
        );
        const made = refresh(client).catch((error: unknown) => String(error));
        await using other = await database.open();
        await until('the refresh waits', () =>
          other.client.first(
            `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%refresh_capture%'`,
          ),
        );
        await other.client.query(ddl);
        await holder.client.query('commit');
        await made;
        for (const id of [2, 3]) {
          await other.client.query(`insert into t (id) values (${id})`);
          await refresh(client);
        }
        const columns = await client.query<{ name: string }>(
          `select attname::text as name from pg_attribute where attrelid = 't'::regclass and attnum > 0 and not attisdropped order by attnum`,
        );
        const events = (await eventsOf(client, queue))
          .slice(1)
          .map((data) => JSON.parse(data ?? '') as { id: number });
        expect(events.map((event) => [event.id, Object.keys(event)])).toEqual(
          [2, 3].map((id) => [id, columns.map(({ name }) => name)]),
        );
      });
    },
  );

  test('that an old snapshot does not know make nested statements and TRUNCATE fail', async () => {
    const nested = `create table t (id int primary key, n int);
      create function more() returns trigger language plpgsql as $$ begin update t set n = n + 100 where id = new.id; return null; end $$;
      create trigger more after update on t for each row when (new.n < 100) execute procedure more();
      insert into t values (1, 0)`;
    await withTable(nested, async (client, queue, database) => {
      for (const change of ['update t set n = 5', 'insert into t values (2, 0); truncate t']) {
        await beOfEarlierRelease(client);
        await using old = await database.open();
        await old.client.query('begin isolation level repeatable read; select from pgq.queue');
        await refresh(client);
        await expect(old.client.query(change)).rejects.toThrow(/due to a change of the captures/);
        await old.client.query('rollback');
        await old.client.query(change);
      }
      expect(await eventsOf(client, queue)).toEqual(['{"id":1,"n":105}', '{"id":2,"n":0}', '']);
    });
  });

  test('count in the size of a slice as much as their JSON', async () => {
    await withTable('create table t (id int primary key, j jsonb)', async (client, queue) => {
      await client.query(
        `insert into t select g, jsonb_build_object('text', repeat('x', 100000)) from generate_series(1, 100) g`,
      );
      await tickNow(client, queue);
      const slice = await client.first<{ events: number }>(
        `select (select count(*)::int from pgtide.stored_events() e where e.ev_id <= s.last_ev_id and ev_extra1 = 'public.t') as events
           from pgq.next_batch($1, 'reader') b (id) cross join pgtide.slice_query(b.id, 0, 1000000, 1000000, '[]', false, false) s`,
        [queue],
      );
      expect(slice?.events).toBe(9);
    });
  });

  test('count in the size of their queue, which every role may see', async () => {
    const role = `plain_${version}`;
    await createRole(server, role);
    await withTable('create table t (id int primary key, x text)', async (client, _queue, database) => {
      const size = () =>
        database.superuser(async (superuser) => {
          await superuser.query(`set role ${role}`);
          return Number((await listQueues(superuser, null))[0]?.bytes);
        });
      const before = await size();
      await client.query(`insert into t select g, repeat('x', 1000) from generate_series(1, 1000) g`);
      expect((await size()) - before).toBeGreaterThan(1_000_000);
    });
  });
});
