/** A queue has tables, sequences and settings, is dropped with all of them, and reports its state. Its owner is not a superuser. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import {
  inNewQueue,
  insertEvent,
  nextBatch,
  passTime,
  type QueueWork,
  stateOf,
  tick,
} from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: QueueWork) => inNewQueue(db, work);

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

    test('accepts six settings, and rejects unknown settings and invalid values', () =>
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

    test('cannot be dropped while it has consumers, except by force; then nothing remains', () =>
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

  describe('Information', () => {
    test('shows the positions of the ticker and of the consumers', () =>
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

    test('quotes names, moves sequences forward only, and includes the version', () =>
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
