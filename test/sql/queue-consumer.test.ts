/** A consumer's position in a queue: where it starts, how it moves, and what its removal leaves to other consumers. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  consume,
  finishBatch,
  inNewQueue,
  insertEvent,
  nextBatch,
  type QueueWork,
  stateOf,
  tickNow,
} from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: QueueWork) => inNewQueue(db, work);

  describe('A consumer', () => {
    test('starts after the last tick, and registers only once', () =>
      inQueue(async (client, queue) => {
        await insertEvent(client, queue, 'too early');
        await tickNow(client, queue);
        const register = () =>
          client.first<{ made: number }>('select pgq.register_consumer($1, $2) as made', [queue, 'reader']);
        expect([(await register())?.made, (await register())?.made]).toEqual([1, 0]);
        expect(await nextBatch(client, queue, 'reader')).toBeNull();
        expect(await stateOf(client.query(`select pgq.register_consumer('none', 'reader')`))).toEqual([
          'TD002',
          'Event queue not created yet',
        ]);
        await client.query(
          `delete from pgq.tick using pgq.queue where tick_queue = queue_id and queue_name = $1 and tick_id > 0`,
          [queue],
        );
        expect(await stateOf(client.query('select pgq.register_consumer($1, $2)', [queue, 'late']))).toEqual([
          'TD003',
          'No ticks for this queue.  Please run ticker on database.',
        ]);
      }));

    test('moves to another tick, forward or back, and drops the open batch', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        for (const data of ['a', 'b', 'c']) {
          await insertEvent(client, queue, data);
          await tickNow(client, queue);
        }
        const moveTo = (tickId: number) =>
          client.query('select pgq.register_consumer_at($1, $2, $3) as made', [queue, 'reader', tickId]);
        await consume(client, queue, 'reader');
        const open = await nextBatch(client, queue, 'reader');
        expect(await moveTo(1)).toEqual([{ made: 0 }]);
        expect(await finishBatch(client, open ?? 0n)).toBe(0);
        expect((await consume(client, queue, 'reader')).map((e) => e.ev_data)).toEqual(['a']);
        await moveTo(3);
        expect((await consume(client, queue, 'reader')).map((e) => e.ev_data)).toEqual(['c']);
        expect(await stateOf(moveTo(99))).toEqual(['TD003', 'cannot reposition, tick not found: 99']);
      }));

    test('gets an error if its last tick is missing', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await client.query(
          `update pgq.subscription set sub_last_tick = 77 from pgq.queue where sub_queue = queue_id and queue_name = $1`,
          [queue],
        );
        expect(await stateOf(nextBatch(client, queue, 'reader'))).toEqual([
          'TD003',
          `PgQ corruption: Consumer reader on queue ${queue} does not see tick 77`,
        ]);
      }));

    test('is unregistered once; a second call does nothing', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        const leave = () => client.query('select pgq.unregister_consumer($1, $2) as gone', [queue, 'reader']);
        expect([await leave(), await leave()]).toEqual([[{ gone: 1 }], [{ gone: 0 }]]);
      }));

    test('is unregistered together with its members; a member is unregistered alone', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'main']);
        for (const member of ['main.1', 'main.2']) {
          await client.query('insert into pgq.consumer (co_name) values ($1) on conflict do nothing', [
            member,
          ]);
          await client.query(
            `insert into pgq.subscription (sub_id, sub_queue, sub_consumer)
             select s.sub_id, s.sub_queue, m.co_id from pgq.subscription s join pgq.queue q on s.sub_queue = q.queue_id
               join pgq.consumer c on c.co_id = s.sub_consumer and c.co_name = 'main', pgq.consumer m
              where q.queue_name = $1 and m.co_name = $2`,
            [queue, member],
          );
        }
        const leave = (name: string) =>
          client.query('select pgq.unregister_consumer($1, $2) as gone', [queue, name]);
        expect(await leave('main.1')).toEqual([{ gone: 1 }]);
        expect(await leave('main')).toEqual([{ gone: 2 }]);
      }));
  });
});
