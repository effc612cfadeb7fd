/** A root knows all nodes of its queue, keeps the position of each subscriber, and publishes the global watermark. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, atNewRoot, demand, makeRoot } from '../support/node.ts';
import { consume, passTime, type QueueWork, stateOf, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const atRoot = (work: QueueWork) => atNewRoot(db, work);

  const consumers = (client: Client, queue: string) =>
    client.query<{ consumer_name: string; last_tick: bigint }>(
      'select consumer_name, last_tick from pgq.get_consumer_info($1)',
      [queue],
    );

  describe('A root', () => {
    test('has a queue, a global watermark and itself as provider', () =>
      atRoot(async (client, queue) => {
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toEqual({
          ret_code: 100,
          ret_note: 'Ok',
          node_type: 'root',
          node_name: 'root',
          global_watermark: 1n,
          local_watermark: 1n,
          provider_node: 'root',
          provider_location: 'node:root',
          combined_queue: null,
          combined_type: null,
          worker_name: `${queue}.root`,
          worker_paused: false,
          worker_uptodate: false,
          worker_last_tick: 1n,
          node_attrs: null,
          target_for: null,
        });
        expect(
          await client.first('select pgq_node.is_root_node($1) as r, pgq_node.is_leaf_node($1) as l', [
            queue,
          ]),
        ).toEqual({ r: true, l: false });
        expect(await consumers(client, queue)).toEqual([
          { consumer_name: '.global_watermark', last_tick: 1n },
        ]);
      }));

    test('is created once, and only from arguments that agree', () =>
      db.client(async (client) => {
        const create = async (...args: unknown[]) => {
          const { ret_code, ret_note } = await ask(client, 'pgq_node.create_node', ...args);
          return [ret_code, ret_note];
        };
        const queue = await makeRoot(client);
        expect(await create(queue, 'root', 'root', 'w', null, null, null)).toEqual([
          401,
          'Node already initialized',
        ]);
        const q = `${queue}_other`;
        expect(await create(q, 'root', 'n', 'w', null, null, null)).toEqual([
          404,
          'Location not registered: n',
        ]);
        expect(await create(q, 'tree', 'n', 'w', null, null, null)).toEqual([401, 'Unknown node type: tree']);
        expect(await create(q, 'root', 'n', 'w', 'p', null, null)).toEqual([
          401,
          'Unexpected provider for root: p',
        ]);
        expect(await create(q, 'root', 'n', 'w', null, 7, null)).toEqual([
          401,
          'Unexpected global watermark for root',
        ]);
        expect(await create(q, 'leaf', 'n', 'w', null, 7, null)).toEqual([
          401,
          'provider or global watermark missing for leaf',
        ]);
        expect(await create(q, 'branch', 'n', 'w', 'p', 7, 'c')).toEqual([
          401,
          'Only leaf can have combined queue',
        ]);
        expect(await create(q, 'root', 'n', null, null, null, null)).toEqual([
          401,
          'Queue, node and worker must have names',
        ]);
      }));

    test('publishes the locations of nodes as events', () =>
      atRoot(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await demand(client, 'pgq_node.register_location', queue, 'n1', null, true);
        expect(await client.query('select * from pgq_node.get_queue_locations($1)', [queue])).toEqual([
          { node_name: 'n1', node_location: 'node:n1', dead: true },
          { node_name: 'root', node_location: 'node:root', dead: false },
        ]);
        await demand(client, 'pgq_node.unregister_location', queue, 'n1');
        await tickNow(client, queue);
        const events = await consume(client, queue, 'reader');
        expect(events.map((e) => [e.ev_type, e.ev_data, e.ev_extra1, e.ev_extra2, e.ev_extra3])).toEqual([
          ['pgq.location-info', 'n1', queue, 'node:n1', 'false'],
          ['pgq.location-info', 'n1', queue, 'node:n1', 'true'],
          ['pgq.unregister-location', 'n1', queue, null, null],
        ]);
        const unregister = async (node: string) =>
          (await ask(client, 'pgq_node.unregister_location', queue, node)).ret_code;
        expect([await unregister('n1'), await unregister('root')]).toEqual([301, 403]);
        expect(await ask(client, 'pgq_node.register_location', queue, 'n2', null, false)).toMatchObject({
          ret_code: 200,
        });
        expect(await client.query('select node_name from pgq_node.get_queue_locations($1)', [queue])).toEqual(
          [{ node_name: 'root' }],
        );
        expect(await stateOf(ask(client, 'pgq_node.register_location', queue, null, 'x', false))).toEqual([
          'TD001',
          'register_location: queue and node must not be NULL',
        ]);
      }));

    test('feeds subscribers, whose watermarks only go forward', () =>
      atRoot(async (client, queue) => {
        const register = () => ask(client, 'pgq_node.register_subscriber', queue, 'n1', 'worker1', null);
        expect(await register()).toMatchObject({ ret_code: 404, ret_note: 'Location not registered: n1' });
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await tickNow(client, queue);
        expect(await register()).toEqual({
          ret_code: 200,
          ret_note: 'Subscriber registered: n1',
          global_watermark: 1n,
        });
        expect(await register()).toMatchObject({ ret_code: 401 });
        expect(await consumers(client, queue)).toEqual([
          { consumer_name: '.global_watermark', last_tick: 1n },
          { consumer_name: '.n1.watermark', last_tick: 1n },
          { consumer_name: 'worker1', last_tick: 1n },
        ]);
        await tickNow(client, queue);
        const move = async (node: string, tick: number | null) =>
          (await ask(client, 'pgq_node.set_subscriber_watermark', queue, node, tick)).ret_code;
        expect(await move('n1', 2)).toBe(200);
        expect(await move('n1', 2)).toBe(100);
        expect(await move('n1', 1)).toBe(405);
        expect(await move('n1', null)).toBe(500);
        expect(await move('n2', 2)).toBe(404);
        expect(await client.query('select * from pgq_node.get_subscriber_info($1)', [queue])).toEqual([
          { node_name: 'n1', worker_name: 'worker1', node_watermark: 2n },
        ]);
        const leave = async () => (await ask(client, 'pgq_node.unregister_subscriber', queue, 'n1')).ret_code;
        expect([await leave(), await leave()]).toEqual([200, 304]);
        expect(await consumers(client, queue)).toHaveLength(1);
      }));

    test('lets a subscriber begin at a given tick', () =>
      atRoot(async (client, queue) => {
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await tickNow(client, queue);
        await demand(client, 'pgq_node.register_subscriber', queue, 'n1', 'worker1', 2);
        expect(await consumers(client, queue)).toMatchObject([
          { last_tick: 1n },
          { consumer_name: '.n1.watermark', last_tick: 1n },
          { consumer_name: 'worker1', last_tick: 2n },
        ]);
      }));

    test('publishes the global watermark, the lowest of all nodes, every five minutes', () =>
      atRoot(async (client, queue) => {
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await demand(client, 'pgq_node.register_subscriber', queue, 'n1', 'worker1', null);
        for (let i = 0; i < 3; i++) await tickNow(client, queue);
        await client.query('select pgq.register_consumer_at($1, $2, 4)', [queue, 'worker1']);
        await demand(client, 'pgq_node.set_subscriber_watermark', queue, 'n1', 3);
        expect((await ask(client, 'pgq_node.get_node_info', queue)).local_watermark).toBe(3n);

        const maintain = async () => {
          await client.query('select pgq_node.maint_watermark($1)', [queue]);
          return (await ask(client, 'pgq_node.get_node_info', queue)).global_watermark;
        };
        expect(await maintain()).toBe(1n);
        await passTime(client, queue, '5 minutes');
        expect(await maintain()).toBe(3n);
        await tickNow(client, queue);
        const events = await consume(client, queue, 'worker1');
        expect(events.map((e) => [e.ev_type, e.ev_data, e.ev_extra1])).toEqual([
          ['pgq.global-watermark', '3', queue],
        ]);
        expect((await ask(client, 'pgq_node.get_worker_state', queue)).completed_tick).toBe(3n);

        const set = async (tick: number | null) =>
          (await ask(client, 'pgq_node.set_global_watermark', queue, tick)).ret_code;
        expect([await set(3), await set(2), await set(4)]).toEqual([100, 405, 200]);
      }));

    test('is dropped with the queue and the triggers of its tables', () =>
      atRoot(async (client, queue) => {
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await demand(client, 'pgq_node.register_subscriber', queue, 'n1', 'worker1', null);
        await client.query('create table public.dropped_with_node (id int primary key)');
        await demand(client, 'londiste.local_add_table', queue, 'public.dropped_with_node');
        await demand(client, 'pgq_node.drop_node', queue, 'root');
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({ ret_code: 404 });
        expect(await client.query('select * from pgq.get_queue_info($1)', [queue])).toEqual([]);
        const triggers = await client.query(
          `select 1 from pg_trigger where tgrelid = 'public.dropped_with_node'::regclass`,
        );
        expect(triggers).toEqual([]);
        await client.query('insert into public.dropped_with_node values (1)');
        await client.query('drop table public.dropped_with_node');
        expect(await ask(client, 'pgq_node.drop_node', queue, 'root')).toEqual({
          ret_code: 200,
          ret_note: 'Node dropped: root',
        });
      }));

    test('removes the subscription of another node that is dropped', () =>
      atRoot(async (client, queue) => {
        await demand(client, 'pgq_node.register_location', queue, 'n1', 'node:n1', false);
        await demand(client, 'pgq_node.register_subscriber', queue, 'n1', 'worker1', null);
        await demand(client, 'pgq_node.drop_node', queue, 'n1');
        expect(await consumers(client, queue)).toHaveLength(1);
      }));
  });

  test('Unknown queues have their own error', () =>
    db.client(async (client) => {
      for (const name of ['get_node_info', 'get_worker_state']) {
        expect(await ask(client, `pgq_node.${name}`, 'none')).toMatchObject({
          ret_code: 404,
          ret_note: 'Unknown queue: none',
        });
      }
      expect(await stateOf(client.query(`select pgq_node.is_root_node('none')`))).toEqual([
        'TD002',
        'queue does not exist: none',
      ]);
      expect(await client.first('select pgq_node.version() as v, pgq_node.upgrade_schema() as u')).toEqual({
        v: '3.5',
        u: 0,
      });
    }));
});
