/** Leaves and branches: a node that is not a root follows its provider, keeps its consumers' positions, and makes no events. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, atNewLeaf, demand, makeFollower } from '../support/node.ts';
import { type QueueWork, stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const atLeaf = (work: QueueWork) => atNewLeaf(db, work);

  describe('A leaf', () => {
    test('has no queue, and its position is its watermark', () =>
      atLeaf(async (client, queue) => {
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({
          node_type: 'leaf',
          global_watermark: null,
          local_watermark: 100n,
          provider_node: 'root',
          worker_last_tick: 100n,
        });
        expect(await ask(client, 'pgq_node.get_worker_state', queue)).toMatchObject({
          ret_code: 100,
          completed_tick: 100n,
          global_watermark: null,
          local_watermark: 100n,
          local_queue_top: null,
          worker_name: `${queue}.leaf`,
        });
        expect(await client.query('select * from pgq.get_queue_info($1)', [queue])).toEqual([]);
        expect(await client.first('select pgq_node.is_leaf_node($1) as l', [queue])).toEqual({ l: true });
        expect(await ask(client, 'pgq_node.register_subscriber', queue, 'root', 'w', null)).toMatchObject({
          ret_code: 401,
        });
        expect(await ask(client, 'pgq_node.set_global_watermark', queue, 5)).toMatchObject({ ret_code: 100 });
        expect(await ask(client, 'pgq_node.drop_node', queue, 'root')).toMatchObject({ ret_code: 405 });
        expect(await ask(client, 'pgq_node.unregister_location', queue, 'root')).toMatchObject({
          ret_code: 403,
        });
        await demand(client, 'pgq_node.drop_node', queue, 'leaf');
      }));

    test('keeps the state of its consumers', () =>
      atLeaf(async (client, queue) => {
        const worker = `${queue}.leaf`;
        const state = () => ask(client, 'pgq_node.get_consumer_state', queue, worker);
        const set = async (what: string, value: unknown) =>
          (await ask(client, `pgq_node.set_consumer_${what}`, queue, worker, value)).ret_code;
        expect(await state()).toEqual({
          ret_code: 100,
          ret_note: 'Ok',
          node_type: 'leaf',
          node_name: 'leaf',
          completed_tick: 100n,
          provider_node: 'root',
          provider_location: 'node:root',
          paused: false,
          uptodate: false,
          cur_error: null,
        });
        expect(await set('uptodate', true)).toBe(200);
        expect(await set('error', 'cannot')).toBe(100);
        expect(await state()).toMatchObject({ uptodate: true, cur_error: 'cannot' });
        expect(await set('completed', 101)).toBe(100);
        expect(await state()).toMatchObject({ completed_tick: 101n, cur_error: null });
        expect([await set('paused', true), await set('paused', true)]).toEqual([200, 201]);
        expect(await state()).toMatchObject({ paused: true, uptodate: false });

        await demand(client, 'pgq_node.register_location', queue, 'b1', 'node:b1', false);
        await demand(client, 'pgq_node.change_consumer_provider', queue, worker, 'b1');
        expect(await state()).toMatchObject({ provider_node: 'b1', completed_tick: 101n });
        expect(await ask(client, 'pgq_node.change_consumer_provider', queue, worker, 'b2')).toMatchObject({
          ret_code: 404,
        });
        for (const what of ['uptodate', 'paused']) {
          expect(await ask(client, `pgq_node.set_consumer_${what}`, queue, 'absent', true)).toMatchObject({
            ret_code: 404,
          });
        }
        expect(await ask(client, 'pgq_node.set_consumer_uptodate', queue, worker, true)).toEqual({
          ret_code: 200,
          ret_note: 'Consumer uptodate = 1',
        });
        expect(await ask(client, 'pgq_node.set_consumer_error', queue, 'absent', 'e')).toMatchObject({
          ret_code: 101,
        });
        expect(await ask(client, 'pgq_node.get_consumer_state', queue, 'absent')).toMatchObject({
          ret_code: 404,
        });
      }));

    test('may run more consumers', () =>
      atLeaf(async (client, queue) => {
        const register = async (provider: string, tick: number) =>
          (await ask(client, 'pgq_node.register_consumer', queue, 'other', provider, tick)).ret_code;
        expect([await register('root', 7), await register('root', 5), await register('no', 5)]).toEqual([
          200, 201, 404,
        ]);
        expect(await client.query('select * from pgq_node.get_consumer_info($1)', [queue])).toMatchObject([
          { consumer_name: `${queue}.leaf`, last_tick_id: 100n },
          { consumer_name: 'other', provider_node: 'root', last_tick_id: 5n, paused: false },
        ]);
        const leave = async (name: string) =>
          (await ask(client, 'pgq_node.unregister_consumer', queue, name)).ret_code;
        expect([await leave('other'), await leave('other'), await leave(`${queue}.leaf`)]).toEqual([
          200, 200, 403,
        ]);
        expect(await ask(client, 'pgq_node.unregister_consumer', 'none', 'other')).toMatchObject({
          ret_code: 404,
        });
      }));

    test('has attributes', () =>
      atLeaf(async (client, queue) => {
        await demand(client, 'pgq_node.set_node_attrs', queue, 'sync_watermark=a');
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({
          node_attrs: 'sync_watermark=a',
        });
        expect(await ask(client, 'pgq_node.set_node_attrs', 'none', '')).toMatchObject({ ret_code: 404 });
      }));
  });

  describe('A branch', () => {
    test('has a queue into which only the events and ticks of its provider go', () =>
      db.client(async (client) => {
        const queue = await makeFollower(client, 'branch');
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({
          node_type: 'branch',
          global_watermark: 100n,
          local_watermark: 100n,
        });
        expect(await stateOf(client.query(`select pgq.insert_event($1, 't', 'd')`, [queue]))).toEqual([
          'TD003',
          'Insert into queue disallowed',
        ]);
        expect(await stateOf(client.query('select pgq.ticker($1)', [queue]))).toEqual([
          'TD003',
          'This queue has external tick source.',
        ]);
        await client.query('select pgq.ticker($1, 101, now(), 500)', [queue]);
        const set = async (tick: number | null) =>
          (await ask(client, 'pgq_node.set_global_watermark', queue, tick)).ret_code;
        expect([await set(101), await set(101), await set(null), await set(9999)]).toEqual([
          200, 100, 500, 200,
        ]);
        expect(await ask(client, 'pgq_node.get_worker_state', queue)).toMatchObject({
          global_watermark: 101n,
          local_queue_top: 101n,
        });
      }));
  });
});
