/**
 * The contract of schema pgq: what a queue, its producers and its consumers may rely on. Installed by a plain owner,
 * on every major version that differs.
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
  type NextBatch,
  nextBatch,
  passTime,
  stateOf,
  tick,
  tickNow,
} from '../support/queue.ts';

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeQueue(client)));

  describe('A queue', () => {
    test('is created once, with its tables, sequences and first tick', () =>
      inQueue(async (client, queue) => {
        expect(await client.query('select pgq.create_queue($1) as made', [queue])).toEqual([{ made: 0 }]);
        const row = await client.first<{ queue_id: number; queue_data_pfx: string }>(
          'select * from pgq.queue where queue_name = $1',
          [queue],
        );
        expect(row).toMatchObject({
          queue_ntables: 3,
          queue_cur_table: 0,
          queue_ticker_max_count: 500,
          queue_per_tx_limit: null,
          queue_data_pfx: `pgq.event_${row?.queue_id}`,
          queue_event_seq: `pgq.event_${row?.queue_id}_id_seq`,
          queue_tick_seq: `pgq.event_${row?.queue_id}_tick_seq`,
        });
        const tables = await client.query<{ name: string; options: string[] | null; parent: string }>(
          `select i.inhrelid::regclass::text as name, c.reloptions as options, i.inhparent::regclass::text as parent
             from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = $1::regclass order by 1`,
          [row?.queue_data_pfx],
        );
        expect(tables.map(({ name }) => name)).toEqual([0, 1, 2].map((n) => `${row?.queue_data_pfx}_${n}`));
        for (const { options } of tables) {
          expect(options).toEqual(['fillfactor=100', 'autovacuum_enabled=off']);
        }
        const ticks = await client.query('select tick_id from pgq.tick where tick_queue = $1', [
          row?.queue_id,
        ]);
        expect(ticks).toEqual([{ tick_id: 1n }]);
      }));

    test('takes six settings, and refuses others and values that are none', () =>
      inQueue(async (client, queue) => {
        const set = (name: string | null, value: string | null) =>
          client.query('select pgq.set_queue_config($1, $2, $3) as ok', [queue, name, value]);
        for (const [name, value] of [
          ['ticker_max_count', '7'],
          ['ticker_max_lag', '5 seconds'],
          ['ticker_idle_period', '2 minutes'],
          ['rotation_period', '30 minutes'],
          ['ticker_paused', 'yes'],
          ['external_ticker', 'true'],
        ] as const) {
          expect(await set(name, value)).toEqual([{ ok: 1 }]);
        }
        const info = await client.first('select * from pgq.get_queue_info($1)', [queue]);
        expect(info).toMatchObject({
          queue_ticker_max_count: 7,
          queue_ticker_paused: true,
          queue_external_ticker: true,
        });
        expect(await stateOf(set('name', 'x'))).toEqual(['TD001', 'cannot change parameter "names"']);
        expect(await stateOf(set('ticker_max_count', 'many'))).toEqual([
          'TD001',
          'invalid value for parameter "ticker_max_count": "many"',
        ]);
        expect(await stateOf(set(null, 'x'))).toEqual(['TD001', 'Invalid NULL value']);
        expect(
          await stateOf(client.query(`select pgq.set_queue_config('none', 'ticker_paused', 'x')`)),
        ).toEqual(['TD002', 'No such event queue']);
      }));

    test('is dropped with everything it has, once it has no consumer', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        const pfx = await client.first<{ pfx: string }>(
          'select queue_data_pfx as pfx from pgq.queue where queue_name = $1',
          [queue],
        );
        expect(await stateOf(client.query('select pgq.drop_queue($1)', [queue]))).toEqual([
          'TD003',
          'cannot drop queue, consumers still attached',
        ]);
        expect(await client.query('select pgq.drop_queue($1, true) as dropped', [queue])).toEqual([
          { dropped: 1 },
        ]);
        const left = await client.query(`select relname from pg_class where relname like $1`, [
          `${pfx?.pfx.slice(4)}%`,
        ]);
        expect(left).toEqual([]);
        expect(await client.query(`select 1 from pgq.consumer where co_name = 'reader'`)).toEqual([]);
        expect(await stateOf(client.query('select pgq.drop_queue($1)', [queue]))).toEqual([
          'TD002',
          'No such event queue',
        ]);
      }));
  });

  describe('A producer', () => {
    test('inserts events that a consumer gets in order, with every field', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await client.query('select pgq.insert_event($1, $2, $3)', [queue, 'plain', null]);
        await client.query('select pgq.insert_event($1, $2, $3, $4, $5, $6, $7)', [
          queue,
          "it's",
          'da\\ta',
          'e1',
          '',
          null,
          'e4',
        ]);
        await tickNow(client, queue);
        const events = await consume(client, queue, 'reader');
        expect(events).toMatchObject([
          { ev_id: 1n, ev_retry: null, ev_type: 'plain', ev_data: null, ev_extra1: null },
          {
            ev_id: 2n,
            ev_type: "it's",
            ev_data: 'da\\ta',
            ev_extra1: 'e1',
            ev_extra2: '',
            ev_extra3: null,
            ev_extra4: 'e4',
          },
        ]);
        expect(Object.keys(events[0] ?? {})).toEqual([
          'ev_id',
          'ev_time',
          'ev_txid',
          'ev_retry',
          'ev_type',
          'ev_data',
          'ev_extra1',
          'ev_extra2',
          'ev_extra3',
          'ev_extra4',
        ]);
      }));

    test('copies events straight into the current table', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        const table = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [
          queue,
        ]);
        await client.query(
          `insert into ${table?.name} (ev_time, ev_type) select now(), 'bulk' from generate_series(1, 3)`,
        );
        await tickNow(client, queue);
        expect(await consume(client, queue, 'reader')).toHaveLength(3);
        expect(await stateOf(client.query(`select pgq.current_event_table('none')`))).toEqual([
          'TD002',
          'Event queue not found',
        ]);
      }));

    test('gets an error when the queue is unknown, closed or full', () =>
      inQueue(async (client, queue) => {
        const insert = (name: string | null) => client.query(`select pgq.insert_event($1, 't', 'd')`, [name]);
        expect(await stateOf(insert('no such'))).toEqual(['TD002', 'No such queue: no such']);
        expect(await stateOf(insert(null))).toEqual(['TD001', 'Queue name must not be NULL']);

        await client.query('update pgq.queue set queue_disable_insert = true where queue_name = $1', [queue]);
        expect(await stateOf(insert(queue))).toEqual(['TD003', 'Insert into queue disallowed']);
        expect(await stateOf(client.query('select pgq.current_event_table($1)', [queue]))).toEqual([
          'TD003',
          'Writing to queue disabled',
        ]);
        await db.superuser((root) =>
          root.transaction({}, async () => {
            await root.query(`set local session_replication_role = 'replica'`);
            await root.query(`select pgq.insert_event($1, 't', 'd')`, [queue]);
          }),
        );
      }));

    test('may insert no more events in a transaction than the queue allows', () =>
      inQueue(async (client, queue) => {
        await client.query('update pgq.queue set queue_per_tx_limit = 3 where queue_name = $1', [queue]);
        const insertMany = (count: number) =>
          client.query(`select pgq.insert_event($1, 't', i::text) from generate_series(1, $2) i`, [
            queue,
            count,
          ]);
        await insertMany(3);
        await insertMany(3);
        const full = `Queue '${queue}' allows max 3 events from one TX`;
        expect(await stateOf(insertMany(4))).toEqual(['TD003', full]);
        await client.transaction({}, async () => {
          await insertMany(2);
          await client.query('savepoint before');
          expect(await stateOf(insertMany(2))).toEqual(['TD003', full]);
          await client.query('rollback to savepoint before');
          await insertMany(1);
          await client.query('savepoint before');
          expect(await stateOf(insertMany(1))).toEqual(['TD003', full]);
          await client.query('rollback to savepoint before');
        });
      }));

    test('takes an id for an event that is refused, too, and one only, as PgQ does', () =>
      inQueue(async (client, queue) => {
        const set = (what: string) =>
          client.query(`update pgq.queue set ${what} where queue_name = $1`, [queue]);
        const insert = (id: number | null = null) =>
          client.first<{ id: bigint }>(
            `select pgq.insert_event_raw($1, $2, now(), null, null, 't', 'd', null, null, null, null) as id`,
            [queue, id],
          );
        const state = async (id: number | null = null) => (await stateOf(insert(id)))?.[0];
        expect(await insert()).toEqual({ id: 1n });
        await set('queue_disable_insert = true');
        expect([await state(), await state(77)]).toEqual(['TD003', 'TD003']);
        await set('queue_disable_insert = false, queue_per_tx_limit = 0');
        expect([await state(), await state(77)]).toEqual(['TD003', 'TD003']);
        await set('queue_per_tx_limit = null');
        expect(await insert()).toEqual({ id: 6n });
        expect(await insert(500)).toEqual({ id: 500n });
        await set(`queue_ticker_max_count = 10`);
        await client.query('select pgq.force_tick($1)', [queue]);
        expect(await insert()).toEqual({ id: 7n + 10n * 2n + 1001n + 1n });
      }));
  });

  describe('The ticker', () => {
    test('ticks when enough events came, or the oldest waits long enough', () =>
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

    test('notices the very first event', () =>
      inQueue(async (client, queue) => {
        await insertEvent(client, queue);
        expect(await tick(client, queue)).toBeNull();
        await passTime(client, queue, '3 seconds');
        expect(await tick(client, queue)).toBe(2n);
      }));

    test('ticks an idle queue more and more seldom, up to the idle period', () =>
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

    test('leaves paused queues and queues with an external ticker alone, and says so when asked for them', () =>
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

    test('takes the ticks of another node where the ticker is external', () =>
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

    test('refuses isolation levels in which the snapshot would be older than the lock', () =>
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

    test('is forced by an advance of the event sequence, which never goes back', () =>
      inQueue(async (client, queue) => {
        expect(await client.first('select pgq.force_tick($1) as last', [queue])).toEqual({ last: 1n });
        expect(await tick(client, queue)).toBe(2n);
        expect(await client.first(`select pgq.force_tick('no such') as last`)).toEqual({ last: null });
      }));

    test('counts its own transaction as unfinished, so what it inserts after the tick comes in the next batch', () =>
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

    test('leaves no trace when it asks and there is nothing', () =>
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

    test('asks for batches of a number of events, a span of time or an age', () =>
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

    test('gets an error when its tick has vanished', () =>
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

    test('reads through a cursor, and only what it wants', () =>
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

    test('of nothing gets nothing, and of an unknown batch an error', () =>
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

    test('gets an event again, alone, after it asked for a retry', () =>
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

    test('gets an event that was put into its retry queue from outside', () =>
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

    test('leaves, and takes nothing of others along', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        const leave = () => client.query('select pgq.unregister_consumer($1, $2) as gone', [queue, 'reader']);
        expect([await leave(), await leave()]).toEqual([[{ gone: 1 }], [{ gone: 0 }]]);
      }));

    test('that is cooperative takes its members along; a member leaves alone', () =>
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

  describe('Information', () => {
    test('tells how far ticker and consumers are', () =>
      inQueue(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        for (let i = 0; i < 20; i++) await insertEvent(client, queue);
        await passTime(client, queue, '10 seconds');
        await tick(client, queue);
        await insertEvent(client, queue);
        const info = await client.first<{ ev_per_sec: number }>('select * from pgq.get_queue_info($1)', [
          queue,
        ]);
        expect(info).toMatchObject({ queue_name: queue, ev_new: 1n, last_tick_id: 2n });
        expect(info?.ev_per_sec).toBeGreaterThan(1);
        expect(info?.ev_per_sec).toBeLessThanOrEqual(2);
        await nextBatch(client, queue, 'reader');
        expect(
          await client.query('select * from pgq.get_consumer_info($1, $2)', [queue, 'reader']),
        ).toMatchObject([
          { queue_name: queue, consumer_name: 'reader', last_tick: 1n, next_tick: 2n, pending_events: 20n },
        ]);
        expect(await client.query('select queue_name from pgq.get_consumer_info($1)', [queue])).toHaveLength(
          1,
        );
        const all = await client.query<{ queue_name: string }>('select * from pgq.get_queue_info()');
        expect(all.map((one) => one.queue_name)).toContain(queue);
        expect(await client.query('select * from pgq.get_consumer_info()')).not.toEqual([]);
      }));

    test('knows names, sequences and versions', () =>
      inQueue(async (client, queue) => {
        const quoted = await client.first(
          `select pgq.quote_fqname('Shop.order') as a, pgq.quote_fqname('t') as b, pgq.quote_fqname('s.a.b') as c`,
        );
        expect(quoted).toEqual({ a: '"Shop"."order"', b: 'public.t', c: 's."a.b"' });
        const seq = await client.first<{ name: string }>(
          'select queue_event_seq as name from pgq.queue where queue_name = $1',
          [queue],
        );
        const set = (to: number) => client.first('select pgq.seq_setval($1, $2) as value', [seq?.name, to]);
        expect(await set(10)).toEqual({ value: 10n });
        expect(await set(5)).toEqual({ value: 10n });
        expect(await client.first('select pgq.upgrade_schema() as changes')).toEqual({ changes: 0 });
        expect(await client.first('select pgq.version() as v')).toEqual({ v: '3.5.2' });
      }));
  });
});
