/** A consumer gets each event once: in a batch, which stays the same until it is finished, and once more for each retry. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  consume,
  eventsOf,
  finishBatch,
  inNewQueue,
  insertEvent,
  type NextBatch,
  nextBatch,
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

  describe('A consumer', () => {
    test('gets the same batch until it is finished, then the next one', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await insertEvent(client, queue, 'a');
        await tickNow(client, queue);
        await insertEvent(client, queue, 'b');
        await tickNow(client, queue);
        const info = await client.first<NextBatch>('select * from pgq.next_batch_info($1, $2)', [
          queue,
          'reader',
        ]);
        expect(info).toMatchObject({ prev_tick_id: 1n, cur_tick_id: 2n });
        expect(
          await client.first('select * from pgq.next_batch_custom($1, $2, null, 100, null)', [
            queue,
            'reader',
          ]),
        ).toEqual(info);
        const batch = info?.batch_id ?? 0n;
        expect(await client.first('select * from pgq.get_batch_info($1)', [batch])).toMatchObject({
          queue_name: queue,
          consumer_name: 'reader',
          prev_tick_id: 1n,
          tick_id: 2n,
        });
        expect((await eventsOf(client, batch)).map((event) => event.ev_data)).toEqual(['a']);
        expect(await finishBatch(client, batch)).toBe(1);
        expect(await finishBatch(client, batch)).toBe(0);
        expect((await consume(client, queue, 'reader')).map((event) => event.ev_data)).toEqual(['b']);
        expect(await nextBatch(client, queue, 'reader')).toBeNull();
        expect(await stateOf(eventsOf(client, batch))).toEqual(['TD002', 'batch not found']);
        expect(await client.first('select * from pgq.get_batch_info($1)', [batch])).toMatchObject({
          queue_name: null,
        });
        expect(await stateOf(nextBatch(client, queue, 'absent'))).toEqual([
          'TD002',
          `Not subscriber to queue: ${queue}/absent`,
        ]);
      }));

    test('writes nothing when there is no batch', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        const version = () =>
          client.first(
            `select s.xmin::text, s.xmax::text, s.ctid::text from pgq.subscription s
               join pgq.queue q on q.queue_id = s.sub_queue where q.queue_name = $1`,
            [queue],
          );
        const before = await version();
        for (let i = 0; i < 5; i++) expect(await nextBatch(client, queue, 'reader')).toBeNull();
        expect(await version()).toEqual(before);
      }));

    test('can ask for batches by number of events, by interval or by lag', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await client.query(`select pgq.set_queue_config($1, 'ticker_max_count', '10')`, [queue]);
        for (let i = 0; i < 6; i++) {
          for (let j = 0; j < 10; j++) await insertEvent(client, queue);
          expect(await tick(client, queue)).toBe(BigInt(i + 2));
          await passTime(client, queue, '10 seconds');
        }
        const custom = async (lag: string | null, count: number | null, interval: string | null) => {
          const batch = await client.first<NextBatch>(
            'select * from pgq.next_batch_custom($1, $2, $3, $4, $5)',
            [queue, 'reader', lag, count, interval],
          );
          if (batch?.batch_id) {
            await client.query('select pgq.register_consumer_at($1, $2, 1)', [queue, 'reader']);
          }
          return batch?.cur_tick_id;
        };
        expect(await custom(null, null, null)).toBe(2n);
        expect(await custom(null, 60, null)).toBe(7n); // the last tick has just enough
        expect(await custom(null, 30, null)).toBe(7n); // and still no more than twice that
        expect(await custom(null, 29, null)).toBe(4n); // more than twice: the first tick that suffices
        expect(await custom(null, 15, null)).toBe(3n);
        expect(await custom(null, 61, null)).toBeNull();
        expect(await custom(null, 61, '20 seconds')).toBe(4n);
        expect(await custom(null, null, '10 minutes')).toBeNull();
        expect(await custom('59 seconds', null, null)).toBe(2n);
        expect(await custom('2 minutes', null, null)).toBeNull();
      }));

    test('reads a batch through a cursor, with a filter', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await client.query(
          `select pgq.insert_event($1, case when i % 2 = 0 then 'even' else 'odd' end, i::text) from generate_series(1, 10) i`,
          [queue],
        );
        await tickNow(client, queue);
        const batch = await nextBatch(client, queue, 'reader');
        await client.transaction({}, async () => {
          const quick = await client.query<{ ev_data: string }>(
            `select ev_data from pgq.get_batch_cursor($1, 'Cur"sor', 3)`,
            [batch],
          );
          const rest = await client.query<{ ev_data: string }>('fetch all from "Cur""sor"');
          expect([...quick, ...rest].map((e) => Number(e.ev_data))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
          await client.query('close "Cur""sor"');
          const even = await client.query<{ ev_data: string }>(
            `select ev_data from pgq.get_batch_cursor($1, 'c', 100, $2)`,
            [batch, `ev_type = 'even'`],
          );
          expect(even.map((e) => Number(e.ev_data))).toEqual([2, 4, 6, 8, 10]);
          const last = await client.query<{ ev_data: string }>(
            `select ev_data from pgq.get_batch_cursor($1, 'none', 0, 'ev_id > 9 -- the last one')`,
            [batch],
          );
          expect(last).toEqual([]);
          expect(await client.query('fetch all from none')).toMatchObject([{ ev_data: '10' }]);
          expect(await client.query(`select 1 from pgq.get_batch_cursor($1, 'back', -1)`, [batch])).toEqual(
            [],
          );
          expect(await client.query('fetch all from back')).toHaveLength(10);
        });
      }));

    test('gets null or no rows for null arguments, and an error for an unknown batch', () =>
      db.client(async (client) => {
        const nulls = await client.first(
          `select pgq.drop_queue(null) as dropped, pgq.tune_storage(null) as tuned, pgq.seq_getval(null) as read,
                  pgq.seq_setval(null, 1) as moved, pgq.seq_setval('pgq.batch_id_seq', null) as unmoved`,
        );
        expect(nulls).toEqual({ dropped: null, tuned: null, read: null, moved: null, unmoved: null });
        expect(await client.first(`select pgq.tune_storage('no such queue') as tuned`)).toEqual({ tuned: 0 });
        for (const [batch, limit] of [
          ['null', '1'],
          ['0', 'null'],
        ]) {
          expect(
            await client.query(`select 1 from pgq.get_batch_cursor(${batch}, 'c', ${limit})
              union all select 1 from pgq.get_batch_cursor(${batch}, 'c', ${limit}, 'true')`),
          ).toEqual([]);
        }
        for (const [call, message] of [
          ['get_batch_cursor(0, null::text, 1, null)', undefined],
          [`get_batch_cursor(0, 'c', 1)`, 'batch not found'],
          ['batch_event_sql(0)', 'batch not found'],
          ['batch_event_tables(0)', 'Cannot find data for batch 0'],
          ['batch_retry(0, 1)', 'batch_retry: batch 0 not found'],
          ['batch_retry(null, 1)', 'batch_retry: batch <NULL> not found'],
        ]) {
          expect(await stateOf(client.query(`select * from pgq.${call}`))).toEqual(
            message ? ['TD002', message] : undefined,
          );
        }
      }));

    test('gets an event again after a retry; other consumers do not', () =>
      inQueue(async (client, queue) => {
        for (const name of ['reader', 'other']) {
          await client.query('select pgq.register_consumer($1, $2)', [queue, name]);
        }
        for (const data of ['a', 'b']) await insertEvent(client, queue, data);
        await tickNow(client, queue);
        const batch = await nextBatch(client, queue, 'reader');
        const retry = (id: number) => client.query('select pgq.event_retry($1, $2, 0) as put', [batch, id]);
        expect(await retry(1)).toEqual([{ put: 1 }]);
        expect(await retry(1)).toEqual([{ put: 0 }]);
        expect(await stateOf(retry(9))).toEqual(['TD002', 'event not found']);
        expect(await client.query('select pgq.batch_retry($1, 3600) as put', [batch])).toEqual([{ put: 1 }]);
        await finishBatch(client, batch ?? 0n);
        expect(await stateOf(retry(1))).toEqual(['TD002', 'batch not found']);

        const due = () => client.query('select pgq.maint_retry_events() as events');
        expect([await due(), await due()]).toEqual([[{ events: 1 }], [{ events: 0 }]]);
        await tickNow(client, queue);
        expect(await consume(client, queue, 'reader')).toMatchObject([
          { ev_id: 1n, ev_data: 'a', ev_retry: 1 },
        ]);
        const others = [
          ...(await consume(client, queue, 'other')),
          ...(await consume(client, queue, 'other')),
        ];
        expect(others.map((event) => event.ev_data)).toEqual(['a', 'b']);

        await client.query('select pgq.unregister_consumer($1, $2)', [queue, 'reader']);
        const waiting = await client.query(
          'select 1 from pgq.retry_queue join pgq.queue on ev_queue = queue_id where queue_name = $1',
          [queue],
        );
        expect(waiting).toEqual([]);
      }));

    test('gets an event that event_retry_raw has put into its retry queue', () =>
      inQueue(async (client, queue) => {
        const raw = (consumer: string) =>
          client.query(
            `select pgq.event_retry_raw($1, $2, now() - interval '1 s', null, null, 4, 'type', 'data', null, null, null, 'x') as id`,
            [queue, consumer],
          );
        expect(await stateOf(raw('reader'))).toEqual(['TD002', 'consumer not registered']);
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        expect(await raw('reader')).toEqual([{ id: 1n }]);
        await client.query('select pgq.maint_retry_events()');
        await tickNow(client, queue);
        expect(await consume(client, queue, 'reader')).toMatchObject([
          { ev_id: 1n, ev_retry: 4, ev_extra4: 'x' },
        ]);
      }));
  });
});
