/**
 * Rotation: event tables are emptied in turn, never before every consumer has left them, and never while a writer could
 * still write events that no consumer would read.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { consume, insertEvent, makeQueue, nextBatch, passTime, stateOf, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

interface QueueRow {
  queue_id: number;
  queue_cur_table: number;
  queue_data_pfx: string;
  step1: bigint;
  step2: bigint | null;
}

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    // A separate server: a transaction that runs in another database holds rotation, too.
    db = await createDatabase(await ownServer({ version }), { owner: 'app' });
    await db.client((client) => install(client));
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      await passTime(client, queue, '3 hours');
      await work(client, queue);
    });
  const state = async (client: Client, queue: string) => {
    const row = await client.first<QueueRow>(
      `select queue_id, queue_cur_table, queue_data_pfx, queue_switch_step1 as step1, queue_switch_step2 as step2
         from pgq.queue where queue_name = $1`,
      [queue],
    );
    if (!row) throw new Error('no such queue');
    return row;
  };
  const current = async (client: Client, queue: string) => (await state(client, queue)).queue_cur_table;
  const step1 = (client: Client, queue: string) =>
    client.first('select pgq.maint_rotate_tables_step1($1) as answer', [queue]);
  const step2 = (client: Client) => client.query('select pgq.maint_rotate_tables_step2()');
  const rotate = async (client: Client, queue: string) => {
    await passTime(client, queue, '3 hours');
    await step1(client, queue);
    await step2(client);
  };

  test('A queue rotates in two transactions, once its period is over', () =>
    inQueue(async (client, queue) => {
      const before = await state(client, queue);
      expect(await step1(client, queue)).toEqual({ answer: 0 });
      const between = await state(client, queue);
      expect(between).toMatchObject({ queue_cur_table: 1, step2: null });
      expect(between.step1).toBeGreaterThan(before.step1);

      await passTime(client, queue, '3 hours');
      await step1(client, queue); // step 2 has not run
      expect(await state(client, queue)).toEqual(between);
      await step2(client);
      const after = await state(client, queue);
      expect(after.step2).toBeGreaterThan(after.step1);

      await passTime(client, queue, '3 hours');
      await client.transaction({}, async () => {
        await step1(client, queue);
        await step2(client); // the same transaction: too early
      });
      expect(await state(client, queue)).toMatchObject({ queue_cur_table: 2, step2: null });
      await step2(client);
      await step1(client, queue); // its period has just begun
      expect(await current(client, queue)).toBe(2);
      await rotate(client, queue);
      expect(await current(client, queue)).toBe(0);
    }));

  test('A table that is emptied gets the index that tables of new queues have', () =>
    inQueue(async (client, queue) => {
      const { queue_id: id } = await state(client, queue);
      const indexes = () =>
        client.query('select indexname as name from pg_indexes where tablename = $1', [`event_${id}_1`]);
      const those = await indexes();
      await client.query(
        `drop index pgq.event_${id}_1_txid_id_idx; create index event_${id}_1_txid_idx on pgq.event_${id}_1 (ev_txid)`,
      );
      expect(await indexes()).not.toEqual(those);
      await step1(client, queue);
      expect(await indexes()).toEqual(those);
    }));

  test('Events go into the current table, and outlive a rotation until they are read', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await insertEvent(client, queue, 'before');
      await rotate(client, queue);
      expect(await current(client, queue)).toBe(1);
      await insertEvent(client, queue, 'after');
      await tickNow(client, queue);

      await rotate(client, queue); // the reader is still before the last switch
      expect(await current(client, queue)).toBe(1);
      expect((await consume(client, queue, 'reader')).map((event) => event.ev_data)).toEqual([
        'before',
        'after',
      ]);
      await rotate(client, queue);
      expect(await current(client, queue)).toBe(2);
      const { queue_data_pfx } = await state(client, queue);
      const left = await client.first(
        `select (select count(*) from ${queue_data_pfx}_0) as t0, (select count(*) from ${queue_data_pfx}_1) as t1`,
      );
      expect(left).toEqual({ t0: 1n, t1: 1n });
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await rotate(client, queue);
      expect(await client.first(`select count(*) as t0 from ${queue_data_pfx}_0`)).toEqual({ t0: 0n });
    }));

  test('A consumer that stands still blocks rotation; an idle cooperative one does not', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'slow']);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'quick']);
      for (let i = 0; i < 3; i++) {
        await tickNow(client, queue);
        await consume(client, queue, 'quick');
        await rotate(client, queue);
      }
      const stuck = await current(client, queue);
      await rotate(client, queue);
      expect(await current(client, queue)).toBe(stuck);
      await client.query(
        `update pgq.subscription set sub_last_tick = null from pgq.consumer where co_id = sub_consumer and co_name = 'slow'`,
      );
      await rotate(client, queue);
      expect(await current(client, queue)).toBe((stuck + 1) % 3);
    }));

  test('Ticks older than the previous rotation are deleted, and a consumer can be moved back to any other', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      const kept = async () =>
        (
          await client.query<{ tick_id: bigint }>(
            'select tick_id from pgq.tick join pgq.queue on tick_queue = queue_id where queue_name = $1 order by 1',
            [queue],
          )
        ).map(({ tick_id }) => tick_id);
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await rotate(client, queue);
      await insertEvent(client, queue, 'x');
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await rotate(client, queue);
      expect(await kept()).toEqual([3n]);
      await insertEvent(client, queue, 'y');
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      await client.query('select pgq.register_consumer_at($1, $2, 3)', [queue, 'reader']);
      expect((await consume(client, queue, 'reader')).map((event) => event.ev_data)).toEqual(['y']);
    }));

  test('A locked event table, and a locked row of the queue, are left for the next call', () =>
    inQueue(async (client, queue) => {
      const { queue_data_pfx } = await state(client, queue);
      await using other = await db.open();
      await other.client.query(`begin; lock table ${queue_data_pfx}_1 in access share mode`);
      expect(await step1(client, queue)).toEqual({ answer: 0 });
      expect(await current(client, queue)).toBe(0);
      await other.client.query('rollback');

      await other.client.query('begin');
      await other.client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      expect(await step1(client, queue)).toEqual({ answer: 0 });
      expect(await current(client, queue)).toBe(0);
      await other.client.query('rollback');
      await step1(client, queue);
      expect(await current(client, queue)).toBe(1);
    }));

  test('Without consumers, a table is not emptied while a writer from before the switch still runs', () =>
    inQueue(async (client, queue) => {
      await using long = await db.open();
      await long.client.query('begin');
      await insertEvent(long.client, queue, 'late');
      await rotate(client, queue);
      await rotate(client, queue);
      expect(await current(client, queue)).toBe(1);
      await tickNow(client, queue);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await long.client.query('commit');
      await tickNow(client, queue);
      expect((await consume(client, queue, 'reader')).map((event) => event.ev_data)).toEqual(['late']);
    }));

  test('A writer whose snapshot is older than a rotation is asked to try again', () =>
    inQueue(async (client, queue) => {
      await using old = await db.open();
      await old.client.query('begin isolation level repeatable read; select 1');
      await rotate(client, queue);
      expect((await stateOf(insertEvent(old.client, queue, 'lost?')))?.[0]).toBe('40001');
      await old.client.query('rollback');
    }));

  test.each(['repeatable read', 'serializable'])(
    'Writers in %s lock nothing that others want, and rotation loses none of their events',
    (isolation) =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await rotate(client, queue);
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        await using writer = await db.open();
        await writer.client.query(`begin isolation level ${isolation}`);
        await insertEvent(writer.client, queue, 'first');
        expect(
          await client.query('select from pgq.queue where queue_name = $1 for update nowait', [queue]),
        ).toHaveLength(1);

        const before = await current(client, queue);
        await rotate(client, queue);
        expect(await current(client, queue)).not.toBe(before);
        expect((await stateOf(insertEvent(writer.client, queue, 'second')))?.[0]).toBe('40001');
        await writer.client.query('rollback');

        await writer.client.query(`begin isolation level ${isolation}`);
        await insertEvent(writer.client, queue, 'kept');
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        await rotate(client, queue);
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        await writer.client.query('commit');
        await tickNow(client, queue);
        expect((await consume(client, queue, 'reader')).map((event) => event.ev_data)).toEqual(['kept']);
      }),
  );

  test('A database that was restored from a dump is noticed', () =>
    inQueue(async (client, queue) => {
      await client.query('update pgq.queue set queue_switch_step1 = 4000000000 where queue_name = $1', [
        queue,
      ]);
      const [code, message] = (await stateOf(step1(client, queue))) ?? [];
      expect(code).toBe('TD003');
      expect(message).toMatch(new RegExp(`^queue ${queue} maint failure: step1=4000000000`));
      await client.query(
        'update pgq.queue set queue_switch_step1 = 3, queue_switch_step2 = 3 where queue_name = $1',
        [queue],
      );

      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await client.query(
        'update pgq.subscription set sub_last_tick = 99 from pgq.queue where sub_queue = queue_id and queue_name = $1',
        [queue],
      );
      expect(await stateOf(step1(client, queue))).toEqual([
        'TD003',
        `queue ${queue} maint failure: tick 99 not found`,
      ]);
      expect((await stateOf(nextBatch(client, queue, 'reader')))?.[0]).toBe('TD003');
    }));
});
