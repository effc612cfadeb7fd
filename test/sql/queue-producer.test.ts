/** What producers insert arrives in order and complete, or fails with an error that names the reason. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { consume, inNewQueue, type QueueWork, stateOf, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: QueueWork) => inNewQueue(db, work);

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

    test('may insert events directly into the current table', () =>
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

    test('gets an error if the queue is unknown or closed', () =>
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

    test('cannot exceed the limit of events per transaction', () =>
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

    test('uses up one id for each rejected event, as PgQ does', () =>
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
});
