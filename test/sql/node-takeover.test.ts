/**
 * C1: a root becomes a branch and a branch becomes the root, over pgq_node's functions as Londiste's takeover calls them. No event
 * is lost, and ids and ticks go on.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower } from '../support/node.ts';
import { type QueueWork, stateOf, tickNow } from '../support/queue.ts';
import { atReplaceableRoot, demote, insert, stateOfQueue } from '../support/takeover.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const atRoot = (work: QueueWork) => atReplaceableRoot(db, work);

  describe('A root that steps down', () => {
    test('takes no more events, makes a last tick, and is then a branch at that tick', () =>
      atRoot(async (client, queue) => {
        await insert(client, queue);
        expect(await demote(client, queue, 1)).toEqual({
          ret_code: 200,
          ret_note: `Step 1: Writing disabled for: ${queue}`,
          last_tick: null,
        });
        expect(await stateOf(insert(client, queue))).toEqual(['TD003', 'Insert into queue disallowed']);
        expect(await stateOf(client.query('select pgq.ticker($1)', [queue]))).toEqual([
          'TD003',
          'This queue has external tick source.',
        ]);
        const second = await demote(client, queue, 2);
        expect(second).toMatchObject({
          ret_code: 200,
          ret_note: `Step 2: Inserted last tick: ${queue}`,
          last_tick: 2n,
        });
        expect(await demote(client, queue, 2)).toMatchObject({ ret_code: 200, last_tick: 3n });
        expect(await demote(client, queue, 3)).toEqual({
          ret_code: 200,
          ret_note: `Step 3: Demoted root to branch: ${queue}`,
          last_tick: 3n,
        });
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({
          node_type: 'branch',
          provider_node: 'next',
          worker_last_tick: 3n,
          worker_uptodate: false,
        });
        expect(await demote(client, queue, 3)).toEqual({
          ret_code: 301,
          ret_note: 'Node not root',
          last_tick: null,
        });
      }));

    test('can take all steps in one transaction', () =>
      atRoot(async (client, queue) => {
        await client.query('begin');
        for (const step of [1, 2, 3])
          expect(await demote(client, queue, step)).toMatchObject({ ret_code: 200 });
        await client.query('commit');
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({ node_type: 'branch' });
      }));

    test('stays a root while there are events after its last tick, which no other node would get', () =>
      atRoot(async (client, queue) => {
        await demote(client, queue, 1);
        await demote(client, queue, 2);
        await db.superuser(async (superuser) => {
          await superuser.query('begin');
          await superuser.query(`set local session_replication_role = 'replica'`);
          await insert(superuser, queue, 'late');
          await superuser.query('commit');
        });
        expect(await stateOf(demote(client, queue, 3))).toEqual(['TD003', 'steps in wrong order']);
        const again = await demote(client, queue, 2);
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick: again.last_tick });
      }));

    test('does not execute the stored name of its event tables as SQL', () =>
      atRoot(async (client, queue) => {
        await client.query(`drop table if exists public.victim; create table public.victim (ev_txid bigint)`);
        await demote(client, queue, 1);
        for (const name of [
          'pgq.event_template; drop table public.victim; --',
          'public.victim',
          'pg_class',
          'none',
        ]) {
          await client.query('update pgq.queue set queue_data_pfx = $2 where queue_name = $1', [queue, name]);
          for (const step of [2, 3])
            expect((await stateOf(demote(client, queue, step)))?.[0]).toMatch(/^(TD003|42602)$/);
        }
        expect(await client.query('select * from public.victim')).toEqual([]);
      }));

    test('rejects wrong steps and arguments, and changes nothing then', () =>
      atRoot(async (client, queue) => {
        for (const step of [2, 3, 4])
          expect(await stateOf(demote(client, queue, step))).toEqual(['TD003', 'steps in wrong order']);
        for (const step of [0, null])
          expect(await stateOf(demote(client, queue, step))).toEqual(['TD001', 'incorrect step number']);
        expect(await demote(client, 'none', 1)).toMatchObject({
          ret_code: 404,
          ret_note: 'Node not initialized for queue: none',
        });
        expect(await demote(client, queue, 1, 'absent')).toMatchObject({ ret_code: 404 });
        expect(await demote(client, queue, 1, null)).toMatchObject({ ret_code: 404 });
        expect(await demote(client, queue, 1, 'root')).toMatchObject({ ret_code: 401 });
        await client.query(`select pgq.set_queue_config($1, 'ticker_paused', '1')`, [queue]);
        expect(await demote(client, queue, 1)).toMatchObject({ ret_code: 403 });
        expect(await stateOfQueue(client, queue)).toMatchObject({
          queue_disable_insert: false,
          queue_external_ticker: false,
        });
      }));
  });

  describe('A branch that is promoted', () => {
    test('numbers its events and ticks after those that it has copied', () =>
      db.client(async (client) => {
        const queue = await makeFollower(client, 'branch');
        await client.query('select pgq.ticker($1, 107, now(), 500)', [queue]);
        expect(await ask(client, 'pgq_node.promote_branch', queue)).toEqual({
          ret_code: 200,
          ret_note: 'Branch node promoted to root',
        });
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({
          node_type: 'root',
          provider_node: 'branch',
          worker_last_tick: 107n,
        });
        expect(await insert(client, queue)).toEqual({ id: 501n });
        await tickNow(client, queue);
        expect(
          await client.first(
            'select max(tick_id) as tick from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue where q.queue_name = $1',
            [queue],
          ),
        ).toEqual({ tick: 108n });
        expect(await ask(client, 'pgq_node.promote_branch', queue)).toEqual({
          ret_code: 301,
          ret_note: 'Node not branch',
        });
        expect(await ask(client, 'pgq_node.promote_branch', 'none')).toEqual({
          ret_code: 404,
          ret_note: 'Node not initialized for queue: none',
        });
      }));

    test('numbers its events after copied events that are later than the last tick', () =>
      db.client(async (client) => {
        const queue = await makeFollower(client, 'branch');
        await client.query('select pgq.ticker($1, 107, now(), 500)', [queue]);
        const { queue_data_pfx } = await stateOfQueue(client, queue);
        await client.query(
          `insert into ${queue_data_pfx}_0 (ev_id, ev_time, ev_type) values (900, now(), 't')`,
        );
        await client.query('select pgq.ticker($1, 108, now(), 0)', [queue]);
        await client.query('select pgq.ticker($1, 109, now(), 0)', [queue]);
        await demand(client, 'pgq_node.promote_branch', queue);
        expect(await insert(client, queue)).toEqual({ id: 901n });
      }));

    test('may be the root that has stepped down before', () =>
      atRoot(async (client, queue) => {
        for (const step of [1, 2, 3]) await demote(client, queue, step);
        await demand(client, 'pgq_node.promote_branch', queue);
        await insert(client, queue);
        await tickNow(client, queue);
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({ provider_node: 'root' });
      }));
  });

  test('A leaf that is merged on a branch of the combined queue takes its position from that queue', () =>
    db.client(async (client) => {
      const combined = await makeFollower(client, 'branch');
      const part = `${combined}_part`;
      for (const node of ['root', 'leaf'])
        await demand(client, 'pgq_node.register_location', part, node, `node:${node}`, false);
      await demand(client, 'pgq_node.create_node', part, 'leaf', 'leaf', 'w', 'root', 100, combined);
      const set = async (...args: unknown[]) => {
        const { ret_code, ret_note } = await ask(client, 'pgq_node.set_partition_watermark', ...args);
        return [ret_code, ret_note];
      };
      expect(await set(combined, part, 105)).toEqual([200, 'Ok']);
      expect(await ask(client, 'pgq_node.get_consumer_state', part, 'w')).toMatchObject({
        completed_tick: 105n,
      });
      await client.query(`select pgtide._apply_control_event($1, 'pgq.tick-id', '107', $2, null, null)`, [
        combined,
        part,
      ]);
      expect(await ask(client, 'pgq_node.get_consumer_state', part, 'w')).toMatchObject({
        completed_tick: 107n,
      });
      expect(await set(combined, 'none', 105)).toEqual([201, 'Part-queue does not exist']);
      expect(await set('none', part, 105)).toEqual([201, 'Part-queue does not exist']);
      expect(await stateOf(set(combined, part, null))).toEqual(['TD001', 'watermark must not be NULL']);
      await demand(client, 'pgq_node.promote_branch', combined);
      expect(await set(combined, part, 106)).toEqual([201, 'Part-queue does not exist']);
    }));
});
