/**
 * A clock that goes back, by an hour or a day: stored times then lie in the future, and these tests move them there. Ticks,
 * batches, rotation, cooperating members and watermarks go on at once, as the events do; nothing waits until the clock has
 * caught up.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { makeRoot } from '../support/node.ts';
import { insertEvent, makeQueue, nextBatch, passTime, tick, tickNow } from '../support/queue.ts';

/** Simulates a clock that goes back by `time`: all stored times of the queue become later by that much. */
const clockGoesBack = async (client: Client, queue: string, time = '1 hour') => {
  await passTime(client, queue, `-${time}`);
  await client.query(
    `update pgq.subscription s set sub_active = sub_active + $2::interval
       from pgq.queue q where q.queue_id = s.sub_queue and q.queue_name = $1`,
    [queue, time],
  );
};

describe.each([10, 17])('on PostgreSQL %i, when the clock goes back', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    // A separate server: a transaction that runs in another database holds rotation, too.
    db = await createDatabase(await ownServer({ version }), { owner: 'app' });
    await db.client((client) => install(client));
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeQueue(client)));

  const lag = async (client: Client, queue: string) => {
    const row = await client.first<{ lag: number; rate: number | null }>(
      'select extract(epoch from ticker_lag)::float8 as lag, ev_per_sec as rate from pgq.get_queue_info($1)',
      [queue],
    );
    return row ?? { lag: Number.NaN, rate: null };
  };

  test.each(['1 hour', '1 day'])('by %s, waiting events are ticked at once, and then as ever', (time) =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await insertEvent(client, queue, 'before');
      await tickNow(client, queue);
      await clockGoesBack(client, queue, time);
      await insertEvent(client, queue, 'after');
      const made = await tick(client, queue);
      expect(made).not.toBe(null);
      expect((await lag(client, queue)).lag).toBeGreaterThanOrEqual(0);
      expect((await lag(client, queue)).lag).toBeLessThan(60);
      expect((await lag(client, queue)).rate, 'no events in less than no time').toBe(null);
      await insertEvent(client, queue, 'later');
      expect(await tick(client, queue), 'one event does not make a tick').toBe(null);
      await passTime(client, queue, '4 seconds');
      expect(await tick(client, queue)).not.toBe(null);
    }),
  );

  test('an idle queue is ticked once, and then rests as ever', () =>
    inQueue(async (client, queue) => {
      await tickNow(client, queue);
      await clockGoesBack(client, queue);
      expect(await tick(client, queue)).not.toBe(null);
      expect(await tick(client, queue)).toBe(null);
    }));

  test('a tick later than a transaction, but not than the clock, is not a tick of the future', () =>
    inQueue(async (client, queue) => {
      await tickNow(client, queue);
      await client.query('begin');
      await client.query('select 1');
      await db.client((other) => tickNow(other, queue));
      await insertEvent(client, queue);
      expect(await tick(client, queue)).toBe(null);
      await client.query('rollback');
    }));

  test('batches of a minimum lag, and of a minimum interval, come at once', () =>
    inQueue(async (client, queue) => {
      const custom = async (consumer: string, ...limits: (string | number | null)[]) =>
        (
          await client.first<{ id: bigint | null }>(
            'select batch_id as id from pgq.next_batch_custom($1, $2, $3, $4, $5)',
            [queue, consumer, ...limits],
          )
        )?.id ?? null;
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'lag']);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'span']);
      await insertEvent(client, queue);
      await tickNow(client, queue);
      expect(await custom('lag', '10 minutes', null, null), 'too young').toBe(null);
      expect(await custom('span', null, null, '10 minutes'), 'too short').toBe(null);
      await clockGoesBack(client, queue);
      expect(await custom('lag', '10 minutes', null, null)).not.toBe(null);
      expect(await custom('span', null, null, '10 minutes'), 'still too short').toBe(null);
      await insertEvent(client, queue);
      await tickNow(client, queue);
      expect(await custom('span', null, null, '10 minutes')).not.toBe(null);
    }));

  test('event tables rotate', () =>
    inQueue(async (client, queue) => {
      const current = async () =>
        (
          await client.first<{ nr: number }>(
            'select queue_cur_table as nr from pgq.queue where queue_name = $1',
            [queue],
          )
        )?.nr;
      await clockGoesBack(client, queue, '1 day');
      const listed = await client.query<{ name: string }>(
        `select func_name as name from pgq.maint_operations() where func_arg = $1 and func_name like '%step1'`,
        [queue],
      );
      expect(listed).toHaveLength(1);
      const before = await current();
      await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      await client.query('select pgq.maint_rotate_tables_step2()');
      expect(await current()).not.toBe(before);
      const after = await current();
      await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      expect(await current(), 'once').toBe(after);
      const [blocker] = await client.query(
        'select * from pgtide.rotation_blockers($1) where due > now() + interval $$1 day$$',
        [queue],
      );
      expect(blocker).toBeUndefined();
    }));

  test('a consumer keeps its place, opens and finishes batches, and has one row', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      for (const data of ['a', 'b', 'c']) {
        await insertEvent(client, queue, data);
        await tickNow(client, queue);
        const batch = await nextBatch(client, queue, 'reader');
        expect(batch).not.toBe(null);
        await clockGoesBack(client, queue);
        expect(await nextBatch(client, queue, 'reader'), 'the same again').toBe(batch);
        await client.query('select pgq.finish_batch($1)', [batch]);
      }
      expect(await nextBatch(client, queue, 'reader')).toBe(null);
      const rows = await client.query(
        'select from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue where q.queue_name = $1',
        [queue],
      );
      expect(rows).toHaveLength(1);
    }));

  test('a dead member of a cooperative consumer is found after an interval, and a live one is not', () =>
    inQueue(async (client, queue) => {
      const next = async (member: string, dead: string | null = null) =>
        (
          await client.first<{ id: bigint | null }>(
            'select pgq_coop.next_batch($1, $2, $3, $4::interval) as id',
            [queue, 'main', member, dead],
          )
        )?.id ?? null;
      for (const member of ['dead', 'alive']) await next(member);
      await insertEvent(client, queue);
      await tickNow(client, queue);
      const lost = await next('dead');
      expect(lost).not.toBe(null);
      await clockGoesBack(client, queue, '1 day');
      expect(await next('alive', '10 minutes'), 'not yet').toBe(null);
      // Ten minutes pass.
      await client.query(
        `update pgq.subscription s set sub_active = sub_active - interval '11 minutes'
           from pgq.consumer c where c.co_id = s.sub_consumer and c.co_name = 'main.dead'
            and s.sub_queue = (select q.queue_id from pgq.queue q where q.queue_name = $1)`,
        [queue],
      );
      expect(await next('alive', '10 minutes')).toBe(lost);
    }));

  test('the global watermark follows', () =>
    db.client(async (client) => {
      const queue = await makeRoot(client);
      const position = async () =>
        (
          await client.first<{ tick: bigint }>(
            `select last_tick as tick from pgq.get_consumer_info($1, '.global_watermark')`,
            [queue],
          )
        )?.tick;
      const last = await tickNow(client, queue);
      await clockGoesBack(client, queue);
      await client.query('select pgq_node.maint_watermark($1)', [queue]);
      expect(await position()).toBe(last);
    }));
});
