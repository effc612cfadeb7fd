/**
 * The plans of a capture contain the current event table, and whether inserts are enabled. Whatever plans a session has,
 * and whenever these two change: each committed row is in a batch, once, and nothing is written while inserts are disabled.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, type OpenClient, ownServer, type TestDatabase } from '../support/database.ts';
import { consume, eventsOf, finishBatch, makeQueue, nextBatch, stateOf, tickNow } from '../support/queue.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    // A separate server: a transaction that runs in another database holds rotation, too.
    db = await createDatabase(await ownServer({ version }), { owner: 'app' });
    await db.client((client) => install(client));
  });

  interface Story {
    client: Client;
    queue: string;
    table: string;
    /** A session whose plans name the present event table. */
    knowing(): Promise<OpenClient>;
    rotate(): Promise<void>;
    /** The events of the batches since the last call. */
    read(): Promise<unknown[]>;
  }

  const story = (work: (story: Story) => Promise<void>) =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      const table = `t_${queue}`;
      await client.query(
        `create table ${table} (id int primary key, n int); update pgq.queue set queue_rotation_period = '0' where queue_name = '${queue}'`,
      );
      await client.query(`select pgtide.create_capture($1, $2::regclass, 'public.' || $2)`, [queue, table]);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      const read = async () => {
        await tickNow(client, queue);
        const events = await consume(client, queue, 'reader');
        return events.map(({ ev_data }) => idOf(ev_data));
      };
      await work({
        client,
        queue,
        table,
        read,
        knowing: async () => {
          const open = await db.open();
          const changes = `insert into ${table} values (0); update ${table} set n = 1; delete from ${table}`;
          for (const isolation of ['read committed', 'repeatable read'])
            await open.client.query(`begin isolation level ${isolation}; ${changes}; commit`);
          await read();
          return open;
        },
        rotate: async () => {
          const current = () =>
            client.first<{ nr: number }>(
              'select queue_cur_table as nr from pgq.queue where queue_name = $1 and queue_switch_step2 is not null',
              [queue],
            );
          const before = await current();
          await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
          await client.query('select pgq.maint_rotate_tables_step2()');
          expect((await current())?.nr).toBe(((before?.nr ?? 0) + 1) % 3);
        },
      });
    });

  const idOf = (data: string | null) => (JSON.parse(data ?? '') as { id: number }).id;

  const waits = (client: Client, pid: number | undefined) =>
    until(`process ${pid} waits`, () =>
      client.first(`select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`, [pid]),
    );
  const pidOf = async (client: Client) =>
    (await client.first<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;

  test.each(['read committed', 'repeatable read'])(
    'A statement in %s that began before a rotation and changes its first row after it writes no event that is never read',
    (isolation) =>
      story(async ({ client, table, knowing, rotate, read }) => {
        await client.query(`create function pause_${table}() returns trigger language plpgsql as
          'begin perform pg_advisory_xact_lock_shared(7); return null; end';
          create trigger pause before insert on ${table} execute procedure pause_${table}()`);
        await using writer = await knowing();
        await client.query('select pg_advisory_lock(7)');
        // This holds even if an earlier statement of its transaction, which changed nothing, had fired the capture.
        await writer.client.query(`begin isolation level ${isolation}; update ${table} set n = 1`);
        const pid = await pidOf(writer.client);
        const writing = stateOf(writer.client.query(`insert into ${table} values (1)`));
        await waits(client, pid);
        await rotate();
        // The next batch begins after the switch, and does not read the table before.
        expect(await read()).toEqual([]);
        await client.query('select pg_advisory_unlock(7)');
        expect((await writing)?.[0]).toBe(isolation === 'read committed' ? undefined : '40001');
        await writer.client.query('commit');
        expect(await read()).toEqual(isolation === 'read committed' ? [1] : []);
      }),
  );

  test.each(['read committed', 'repeatable read'])(
    'A transaction in %s whose first statements changed nothing has no id, and follows a rotation',
    (isolation) =>
      story(async ({ table, knowing, rotate, read }) => {
        await using writer = await knowing();
        await writer.client.query(`begin isolation level ${isolation}`);
        for (const nothing of [
          `insert into ${table} select 1 where false`,
          `update ${table} set n = 1`,
          `delete from ${table}`,
        ])
          await writer.client.query(nothing);
        expect(await writer.client.first('select txid_current_if_assigned() as id')).toEqual({ id: null });
        await rotate();
        expect(await read()).toEqual([]);
        const failed = await stateOf(writer.client.query(`insert into ${table} values (1)`));
        expect(failed?.[0]).toBe(isolation === 'read committed' ? undefined : '40001');
        await writer.client.query('commit');
        expect(await read()).toEqual(isolation === 'read committed' ? [1] : []);
      }),
  );

  test('A transaction that has written goes on after a rotation, and all that it writes is read', () =>
    story(async ({ client, queue, table, knowing, rotate, read }) => {
      await using writer = await knowing();
      await writer.client.query(`begin; insert into ${table} values (1)`);
      await rotate();
      await writer.client.query(
        `insert into ${table} values (2); savepoint one; insert into ${table} values (3)`,
      );
      await writer.client.query(`rollback to one; insert into ${table} values (4)`);
      // Rotation does not happen again while the writer runs.
      const step1 = () => client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      const switched = () =>
        client.first('select queue_switch_step1 from pgq.queue where queue_name = $1', [queue]);
      const before = await switched();
      expect(await read()).toEqual([]);
      await step1();
      expect(await switched()).toEqual(before);
      await writer.client.query('commit');
      expect(await read()).toEqual([1, 2, 4]);
    }));

  test('Step 2 waits until the transaction of step 1 has released its locks', () =>
    story(async ({ client, queue, read }) => {
      await read();
      await using maintenance = await db.open();
      await maintenance.client.query('begin');
      await maintenance.client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      await maintenance.client.query('select pgq.maint_rotate_tables_step2()');
      await maintenance.client.query('commit');
      const step2 = async () =>
        (
          await client.first<{ id: bigint | null }>(
            'select queue_switch_step2 as id from pgq.queue where queue_name = $1',
            [queue],
          )
        )?.id;
      expect(await step2()).toBe(null);
      // A transaction that is visible and still has its lock, as that of step 1 is for a moment.
      await maintenance.client.query('begin');
      await client.query('update pgq.queue set queue_switch_step1 = $2 where queue_name = $1', [
        queue,
        (await maintenance.client.first<{ id: bigint }>('select txid_current() as id'))?.id,
      ]);
      await client.query('select pgq.maint_rotate_tables_step2()');
      expect(await step2()).toBe(null);
      await maintenance.client.query('commit');
      await client.query('select pgq.maint_rotate_tables_step2()');
      expect(await step2()).toBeGreaterThan(0n);
    }));

  test.each(['read committed', 'repeatable read'])(
    'Inserts that are disabled are refused in %s in every session, and go on once they are enabled',
    (isolation) =>
      story(async ({ client, queue, table, knowing, read }) => {
        await using writer = await knowing();
        const write = (change: string) =>
          stateOf(writer.client.query(`begin isolation level ${isolation}; ${change}; commit`)).finally(() =>
            writer.client.query('rollback'),
          );
        const allow = (allowed: boolean) =>
          client.query('update pgq.queue set queue_disable_insert = not $2 where queue_name = $1', [
            queue,
            allowed,
          ]);
        expect(await write(`insert into ${table} values (1, 1)`)).toBe(undefined);
        for (const round of [2, 3]) {
          await allow(false);
          for (const change of [
            `insert into ${table} values (5)`,
            `update ${table} set n = 2 where id = 1`,
            `delete from ${table} where id = 1`,
          ])
            expect(await write(change)).toEqual(['TD003', 'Insert into queue disallowed']);
          await allow(true);
          expect(await write(`insert into ${table} values (${round})`)).toBe(undefined);
        }
        expect(await read()).toEqual([1, 2, 3]);
        // A transaction that began before is also refused, or has to be repeated.
        await writer.client.query(`begin isolation level ${isolation}; select from ${table}`);
        await allow(false);
        expect((await stateOf(writer.client.query(`insert into ${table} values (6)`)))?.[0]).toBe(
          isolation === 'read committed' ? 'TD003' : '40001',
        );
        await writer.client.query('rollback');
        await allow(true);
      }),
  );

  test('While tables rotate under writers of all kinds, every committed row is read once', () =>
    story(async ({ client, queue, table }) => {
      const transactions = fc.sample(
        fc.record({
          isolation: fc.constantFrom('read committed', 'repeatable read'),
          steps: fc.array(fc.constantFrom('row', 'row', 'row', 'nothing', 'pause', 'undone'), {
            minLength: 1,
            maxLength: 4,
          }),
        }),
        { seed: inject('seed'), numRuns: 60 },
      );
      const written: number[] = [];
      let next = 1;
      let over = false;
      const statement = {
        nothing: `update ${table} set n = 1 where id = -1`,
        pause: 'select pg_sleep(0.005)',
      };
      const write = async (first: number) => {
        await using writer = await db.open();
        for (let nr = first; !over; nr++) {
          const { isolation, steps } = transactions[nr % transactions.length] ?? { isolation: '', steps: [] };
          const ids: number[] = [];
          const failure = await stateOf(
            (async () => {
              await writer.client.query(`begin isolation level ${isolation}`);
              for (const step of steps) {
                const id = next++;
                if (step === 'row') ids.push(id);
                const insert = `insert into ${table} values (${id})`;
                if (step === 'undone') await writer.client.query(`savepoint one; ${insert}; rollback to one`);
                else await writer.client.query(step === 'row' ? insert : statement[step]);
              }
              await writer.client.query('commit');
              written.push(...ids);
            })(),
          );
          if (!failure) continue;
          expect([isolation, failure[0]]).toEqual(['repeatable read', '40001']);
          await writer.client.query('rollback');
        }
      };
      const read: number[] = [];
      const readBatches = async () => {
        await tickNow(client, queue);
        for (let batch = await nextBatch(client, queue, 'reader'); batch !== null; ) {
          for (const { ev_data } of await eventsOf(client, batch)) read.push(idOf(ev_data));
          await finishBatch(client, batch);
          batch = await nextBatch(client, queue, 'reader');
        }
      };
      const current = () =>
        client.first<{ nr: number }>('select queue_cur_table as nr from pgq.queue where queue_name = $1', [
          queue,
        ]);
      const writers = Promise.all([0, 20, 40].map(write));
      for (let switches = 0; switches < 30; ) {
        await readBatches();
        const before = await current();
        await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
        await client.query('select pgq.maint_rotate_tables_step2()');
        if ((await current())?.nr !== before?.nr) switches++;
      }
      over = true;
      await writers;
      await readBatches();
      const inOrder = (ids: number[]) => [...ids].sort((a, b) => a - b);
      expect(inOrder(read)).toEqual(inOrder(written));
    }));
});
