/** When the ticker makes a tick, and that each tick's snapshot is later than the one before. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  consume,
  inNewQueue,
  insertEvent,
  passTime,
  type QueueWork,
  stateOf,
  tick,
  tickNow,
} from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: QueueWork) => inNewQueue(db, work);

  describe('The ticker', () => {
    test('makes a tick when enough events have arrived, or when the oldest has waited long enough', () =>
      inQueue(async (client, queue) => {
        await client.query(
          `update pgq.queue set queue_ticker_max_count = 5, queue_ticker_max_lag = '10 seconds' where queue_name = $1`,
          [queue],
        );
        for (let i = 0; i < 4; i++) await insertEvent(client, queue);
        expect(await tick(client, queue)).toBeNull();
        await insertEvent(client, queue);
        expect(await tick(client, queue)).toBe(2n);

        await insertEvent(client, queue);
        await passTime(client, queue, '9 seconds');
        expect(await tick(client, queue)).toBeNull();
        await passTime(client, queue, '1 second');
        expect(await tick(client, queue)).toBe(3n);
      }));

    test('makes a tick for the first event of a queue', () =>
      inQueue(async (client, queue) => {
        await insertEvent(client, queue);
        expect(await tick(client, queue)).toBeNull();
        await passTime(client, queue, '3 seconds');
        expect(await tick(client, queue)).toBe(2n);
      }));

    test('makes ticks less and less often while a queue is idle, down to one per idle period', () =>
      inQueue(async (client, queue) => {
        await client.query(
          `update pgq.queue set queue_ticker_max_lag = '4 seconds', queue_ticker_idle_period = '20 seconds' where queue_name = $1`,
          [queue],
        );
        const gaps: number[] = [];
        // In one transaction, where now() stands still.
        await client.transaction({}, async () => {
          expect(await tick(client, queue)).toBe(2n); // no gap is known yet
          for (let seconds = 0; gaps.length < 5; ) {
            await passTime(client, queue, '1 second');
            seconds += 1;
            if ((await tick(client, queue)) !== null) {
              gaps.push(seconds);
              seconds = 0;
            }
          }
        });
        expect(gaps).toEqual([2, 4, 8, 16, 20]);
      }));

    test('skips paused queues and queues with an external ticker, and fails if it is called for one', () =>
      inQueue(async (client, queue) => {
        await client.query(`select pgq.set_queue_config($1, 'ticker_paused', 'true')`, [queue]);
        await passTime(client, queue, '1 hour');
        await client.query('select pgq.ticker()');
        expect(await stateOf(tick(client, queue))).toEqual([
          'TD003',
          'Ticker has been paused for this queue',
        ]);
        await client.query(`select pgq.set_queue_config($1, 'ticker_paused', 'false')`, [queue]);
        await client.query(`select pgq.set_queue_config($1, 'external_ticker', 'true')`, [queue]);
        await client.query('select pgq.ticker()');
        expect(await stateOf(tick(client, queue))).toEqual(['TD003', 'This queue has external tick source.']);
        expect(await stateOf(tick(client, 'no such'))).toEqual(['TD002', 'no such queue']);
        const last = await client.first('select last_tick_id from pgq.get_queue_info($1)', [queue]);
        expect(last).toEqual({ last_tick_id: 1n });
      }));

    test('stores ticks of another node if the queue has an external ticker', () =>
      inQueue(async (client, queue) => {
        const external = (id: number) =>
          client.query(`select pgq.ticker($1, $2, '2020-01-02 03:04:05+00', 1234)`, [queue, id]);
        expect(await stateOf(external(50))).toEqual([
          'TD003',
          `queue not found or ticker disabled: ${queue}`,
        ]);
        await client.query(`select pgq.set_queue_config($1, 'external_ticker', 'true')`, [queue]);
        await client.query(
          `delete from pgq.tick using pgq.queue where tick_queue = queue_id and queue_name = $1`,
          [queue],
        );
        await external(50);
        const ticks = await client.query(
          `select tick_id, tick_time, tick_event_seq from pgq.tick join pgq.queue on tick_queue = queue_id where queue_name = $1`,
          [queue],
        );
        expect(ticks).toEqual([
          { tick_id: 50n, tick_time: new Date('2020-01-02T03:04:05Z'), tick_event_seq: 1234n },
        ]);
        expect(await stateOf(external(50))).toEqual(['TD003', 'Invalid PgQ state: old tick=50, new tick=50']);
        const sequences = await client.first(
          'select pgq.seq_getval(queue_tick_seq) as tick, pgq.seq_getval(queue_event_seq) as event from pgq.queue where queue_name = $1',
          [queue],
        );
        expect(sequences).toEqual({ tick: 50n, event: 1234n });
      }));

    test('rejects isolation levels in which the snapshot would be older than the lock', () =>
      inQueue(async (client, queue) => {
        await client.query('begin isolation level repeatable read');
        expect(await stateOf(tick(client, queue))).toEqual([
          'TD003',
          'ticker must run in READ COMMITTED, not in REPEATABLE READ',
        ]);
        await client.query('rollback');
      }));

    test('never stores a tick whose snapshot is not after the last one', () =>
      inQueue(async (client, queue) => {
        await client.query(
          `update pgq.tick set tick_snapshot = '900000000:900000000:'
             from pgq.queue where tick_queue = queue_id and queue_name = $1`,
          [queue],
        );
        await passTime(client, queue, '1 hour');
        const [state, message] = (await stateOf(tick(client, queue))) ?? [];
        expect(state).toBe('TD003');
        expect(message).toMatch(/^Invalid PgQ state: old xmin=900000000/);
      }));

    test('makes a tick after force_tick, which advances the event sequence', () =>
      inQueue(async (client, queue) => {
        expect(await client.first('select pgq.force_tick($1) as last', [queue])).toEqual({ last: 1n });
        expect(await tick(client, queue)).toBe(2n);
        expect(await client.first(`select pgq.force_tick('no such') as last`)).toEqual({ last: null });
      }));

    test('counts its own transaction as open: events that it inserts after the tick are in the next batch', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await client.transaction({}, async () => {
          await client.query('select txid_current()');
          await db.client((other) => other.query('select txid_current()')); // a younger one ends first
          await insertEvent(client, queue, 'before');
          await tickNow(client, queue);
          await insertEvent(client, queue, 'after');
        });
        await tickNow(client, queue);
        const first = await consume(client, queue, 'reader');
        const second = await consume(client, queue, 'reader');
        expect([...first, ...second].map((event) => event.ev_data)).toEqual(['before', 'after']);
      }));
  });
});
