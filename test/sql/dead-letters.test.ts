/**
 * Events that were retried too often become dead letters, which can be read, replayed or purged. Without a limit PgQ's
 * behaviour holds.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  consume,
  eventsOf,
  finishBatch,
  insertEvent,
  makeQueue,
  nextBatch,
  stateOf,
  tickNow,
} from '../support/queue.ts';

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await work(client, queue);
    });
  const value = async (client: Client, sql: string, values: unknown[]) =>
    (await client.first<{ value: unknown }>(`select ${sql} as value`, values))?.value;
  const policy = (client: Client, queue: string, name: string, setting: string | null) =>
    client.query('select pgtide.set_queue_policy($1, $2, $3)', [queue, name, setting]);
  /** Opens a batch, retries all its events, and finishes it. Returns the results of event_retry. */
  const fail = async (client: Client, queue: string) => {
    await client.query('select pgq.maint_retry_events()');
    await tickNow(client, queue);
    const batch = (await nextBatch(client, queue, 'reader')) ?? 0n;
    const answers = [];
    for (const { ev_id } of await eventsOf(client, batch))
      answers.push(await value(client, 'pgq.event_retry($1, $2, 0)', [batch, ev_id]));
    await finishBatch(client, batch);
    return answers;
  };
  const letters = (client: Client, queue: string | null, ...rest: unknown[]) =>
    client.query(
      `select consumer_name as consumer, ev_data as data, ev_retry as retries, reason
         from pgtide.dead_letters($1${rest.map((_, i) => `, $${i + 2}`).join('')})`,
      [queue, ...rest],
    );

  test('An event is retried as often as the policy says, then it is a dead letter', () =>
    inQueue(async (client, queue) => {
      await policy(client, queue, 'retry_limit', '2');
      await insertEvent(client, queue, 'poison');
      expect(await fail(client, queue)).toEqual([1]);
      expect(await fail(client, queue)).toEqual([1]);
      expect(await letters(client, queue)).toEqual([]);
      expect(await fail(client, queue)).toEqual([0]);
      expect(await letters(client, queue)).toEqual([
        { consumer: 'reader', data: 'poison', retries: 2, reason: 'retried 2 times' },
      ]);
      expect(await fail(client, queue)).toEqual([]);
    }));

  test('Without a limit it is retried forever; with a limit of 0 it is not retried', () =>
    inQueue(async (client, queue) => {
      await insertEvent(client, queue, 'x');
      for (let i = 0; i < 12; i++) expect(await fail(client, queue)).toEqual([1]);
      await policy(client, queue, 'retry_limit', '100');
      expect(await fail(client, queue)).toEqual([1]);
      await policy(client, queue, 'retry_limit', null);
      expect(await fail(client, queue)).toEqual([1]);
      await policy(client, queue, 'retry_limit', '0');
      expect(await fail(client, queue)).toEqual([0]);
      expect(await letters(client, queue)).toMatchObject([{ retries: 14 }]);
    }));

  test('batch_retry and event_retry_raw respect the limit, too', () =>
    inQueue(async (client, queue) => {
      await policy(client, queue, 'retry_limit', '0');
      for (const data of ['one', 'two']) await insertEvent(client, queue, data);
      await tickNow(client, queue);
      const batch = await nextBatch(client, queue, 'reader');
      expect(await value(client, 'pgq.batch_retry($1, 0)', [batch])).toBe(0);
      await client.query(
        `select pgq.event_retry_raw($1, 'reader', now(), 77, now(), 1, 't', 'three', null, null, null, null)`,
        [queue],
      );
      await client.query(
        `select pgq.event_retry_raw($1, 'reader', now(), 78, now(), 0, 't', 'four', null, null, null, null)`,
        [queue],
      );
      expect(await letters(client, queue, 'reader')).toHaveLength(3);
      expect(await letters(client, queue, 'reader', 1)).toHaveLength(1);
      expect(await letters(client, queue, 'somebody else')).toEqual([]);
    }));

  test('A consumer can give an event up at once, with a reason', () =>
    inQueue(async (client, queue) => {
      await insertEvent(client, queue, 'bad');
      await tickNow(client, queue);
      const batch = (await nextBatch(client, queue, 'reader')) ?? 0n;
      const [event] = await eventsOf(client, batch);
      const put = (id: unknown) =>
        value(client, 'pgtide.dead_letter_put($1, $2, $3)', [batch, id, 'no such customer']);
      expect(await put(event?.ev_id)).toBe(1);
      expect(await put(event?.ev_id)).toBe(0);
      expect(await stateOf(put(999))).toEqual(['TD002', 'event not found']);
      expect(await letters(client, queue)).toEqual([
        { consumer: 'reader', data: 'bad', retries: null, reason: 'no such customer' },
      ]);
    }));

  test('A replayed letter comes to its consumer alone, as if it had never been retried', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'other']);
      await policy(client, queue, 'retry_limit', '0');
      for (const data of ['one', 'two']) await insertEvent(client, queue, data);
      await fail(client, queue);
      await consume(client, queue, 'other');
      const ids = (
        await client.query<{ ev_id: bigint }>('select ev_id from pgtide.dead_letters($1) order by 1', [queue])
      ).map((row) => row.ev_id);
      const replay = (events: unknown, consumer = 'reader') =>
        value(client, 'pgtide.dead_letter_replay($1, $2, $3)', [queue, consumer, events]);
      expect(await stateOf(replay(null, 'absent'))).toEqual(['TD002', 'consumer not registered']);
      expect(await replay([999])).toBe(0n);
      expect(await replay([ids[0]])).toBe(1n);
      expect(await letters(client, queue)).toMatchObject([{ data: 'two' }]);
      expect(await replay(null)).toBe(1n);
      await client.query('select pgq.maint_retry_events()');
      await tickNow(client, queue);
      expect(await consume(client, queue, 'other')).toEqual([]);
      expect(await consume(client, queue, 'reader')).toMatchObject([
        { ev_id: ids[0], ev_data: 'one', ev_retry: null },
        { ev_id: ids[1], ev_data: 'two', ev_retry: null },
      ]);
    }));

  test("A letter of a cooperative consumer is the main one's", () =>
    inQueue(async (client, queue) => {
      await policy(client, queue, 'retry_limit', '0');
      await client.query(`select pgq_coop.register_subconsumer($1, 'team', 'a')`, [queue]);
      await insertEvent(client, queue, 'x');
      await tickNow(client, queue);
      const batch = await value(client, `pgq_coop.next_batch($1, 'team', 'a')`, [queue]);
      await value(client, 'pgq.batch_retry($1, 0)', [batch]);
      expect(await letters(client, queue)).toMatchObject([{ consumer: 'team' }]);
      expect(await value(client, `pgtide.dead_letter_replay($1, 'team')`, [queue])).toBe(1n);
    }));

  test('Letters outlive their consumer, until they are purged or their queue is dropped', () =>
    inQueue(async (client, queue) => {
      await policy(client, queue, 'retry_limit', '0');
      for (const data of ['one', 'two', 'three']) await insertEvent(client, queue, data);
      await fail(client, queue);
      await client.query('select pgq.unregister_consumer($1, $2)', [queue, 'reader']);
      await client.query(
        `update pgtide.dead_letter set died_at = died_at - interval '1 day' where ev_data = 'one'`,
      );
      const purge = (...args: unknown[]) =>
        value(client, `pgtide.dead_letter_purge($1${args.map((_, i) => `, $${i + 2}`).join('')})`, [
          queue,
          ...args,
        ]);
      expect(await purge('absent')).toBe(0n);
      expect(await purge('reader', '1 hour')).toBe(1n);
      const [two] = await client.query<{ ev_id: bigint }>(
        `select ev_id from pgtide.dead_letters($1) where ev_data = 'two'`,
        [queue],
      );
      expect(await purge(null, '0', [two?.ev_id])).toBe(1n);
      expect(await letters(client, queue)).toMatchObject([{ data: 'three' }]);
      await client.query('select pgq.drop_queue($1, true)', [queue]);
      expect(await client.query('select from pgtide.dead_letter where queue_name = $1', [queue])).toEqual([]);
    }));

  test('Only known policies can be set, to valid values', () =>
    inQueue(async (client, queue) => {
      expect(await stateOf(policy(client, queue, 'mood', '1'))).toEqual([
        'TD001',
        'cannot change parameter "mood"',
      ]);
      expect(await stateOf(policy(client, queue, 'retry_limit', 'often'))).toEqual([
        'TD001',
        'no value for retry_limit: often',
      ]);
      expect(await stateOf(policy(client, queue, 'retry_limit', '-1'))).toEqual([
        'TD001',
        'no value for retry_limit: -1',
      ]);
      expect(await stateOf(policy(client, 'nowhere', 'retry_limit', '1'))).toEqual([
        'TD002',
        'No such queue: nowhere',
      ]);
    }));
});
