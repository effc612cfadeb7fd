/**
 * C1: a root becomes a branch and a branch becomes the root, over pgq_node's functions as Londiste's takeover calls them. No event
 * is lost, and ids and ticks go on.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower, makeRoot } from '../support/node.ts';
import { stateOf, tickNow } from '../support/queue.ts';
import { until } from '../support/until.ts';

interface Queue {
  queue_disable_insert: boolean;
  queue_external_ticker: boolean;
  queue_data_pfx: string;
}

describe.each([10, 17])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });

  /** A root with a second node to hand over to. */
  const atRoot = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => {
      const queue = await makeRoot(client);
      await demand(client, 'pgq_node.register_location', queue, 'next', 'node:next', false);
      await work(client, queue);
    });
  const demote = (client: Client, queue: string, step: number | null, provider: string | null = 'next') =>
    ask(client, 'pgq_node.demote_root', queue, step, provider);
  const stateOfQueue = async (client: Client, queue: string) => {
    const row = await client.first<Queue>('select * from pgq.queue where queue_name = $1', [queue]);
    if (!row) throw new Error(`no queue ${queue}`);
    return row;
  };
  const insert = (client: Client, queue: string, data = 'd') =>
    client.first<{ id: bigint }>(`select pgq.insert_event($1, 't', $2) as id`, [queue, data]);

  const pidOf = async (client: Client) =>
    (await client.first<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;
  /** Waits until a process waits: for a lock, or between two looks. */
  const waits = (pid: number | undefined) =>
    db.superuser((superuser) =>
      until(`process ${pid} waits`, () =>
        superuser.first(
          `select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type in ('Lock', 'Timeout')`,
          [pid],
        ),
      ),
    );

  describe('A root that steps down', () => {
    test('takes no more events, makes a last tick, and stands at it as a branch', () =>
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

    test('does so within one transaction, too', () =>
      atRoot(async (client, queue) => {
        await client.query('begin');
        for (const step of [1, 2, 3])
          expect(await demote(client, queue, step)).toMatchObject({ ret_code: 200 });
        await client.query('commit');
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({ node_type: 'branch' });
      }));

    test('waits for who has written, and has all of it before the last tick', () =>
      atRoot(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await using writer = await db.open();
        await writer.client.query('begin');
        await insert(writer.client, queue, 'open');
        await demote(client, queue, 1);
        const pid = await pidOf(client);
        const last = demote(client, queue, 2);
        await waits(pid);
        await writer.client.query('commit');
        const { last_tick } = await last;
        const batch = await client.first<{ id: bigint; cur_tick_id: bigint }>(
          'select batch_id as id, cur_tick_id from pgq.next_batch_info($1, $2)',
          [queue, 'reader'],
        );
        expect(batch?.cur_tick_id).toBe(last_tick);
        expect(
          await client.query(`select ev_data from pgq.get_batch_events($1) where ev_type = 't'`, [batch?.id]),
        ).toEqual([{ ev_data: 'open' }]);
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
      }));

    test('waits for who has seen inserts enabled, and writes only then', () =>
      atRoot(async (client, queue) => {
        const { queue_data_pfx } = await stateOfQueue(client, queue);
        await using copier = await db.open();
        await copier.client.query('begin');
        const found = await copier.client.first<{ name: string }>(
          'select pgq.current_event_table($1) as name',
          [queue],
        );
        // What it has locked by then it gives back.
        await copier.client.query(
          `savepoint one; insert into ${found?.name} (ev_id, ev_time) values (0, now()); rollback to one`,
        );
        await using blocker = await db.open();
        await blocker.client.query(`begin; alter sequence ${queue_data_pfx}_id_seq cache 1`);
        await using inserter = await db.open();
        const [pid, inserterPid] = await Promise.all([pidOf(client), pidOf(inserter.client)]);
        const inserted = insert(inserter.client, queue);
        await waits(inserterPid);

        await demote(client, queue, 1);
        const second = demote(client, queue, 2);
        await waits(pid);
        await blocker.client.query('commit');
        await inserted;
        await copier.client.query(
          `insert into ${found?.name} (ev_id, ev_time, ev_type) values (0, now(), 't')`,
        );
        await copier.client.query('commit');
        const { last_tick } = await second;
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
        expect(
          await client.query(
            `select from ${queue_data_pfx} e, pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
              where q.queue_name = $1 and t.tick_id = $2 and e.ev_type = 't' and txid_visible_in_snapshot(e.ev_txid, t.tick_snapshot)`,
            [queue, last_tick],
          ),
        ).toHaveLength(2);
      }));

    test('waits for a captured write that has found inserts enabled in its plan, and for no other', () =>
      atRoot(async (client, queue) => {
        const { queue_data_pfx } = await stateOfQueue(client, queue);
        const table = `t_${queue}`;
        await client.query(`create table ${table} (id int primary key)`);
        await client.query(`select pgtide.create_capture($1, $2::regclass, 'public.' || $2)`, [queue, table]);
        await using writer = await db.open();
        await writer.client.query(`insert into ${table} values (1)`);
        await using other = await db.open();
        await other.client.query(`begin; insert into ${table} values (3); rollback`);
        await using blocker = await db.open();
        await blocker.client.query(`begin; alter sequence ${queue_data_pfx}_id_seq cache 1`);
        const [pid, writerPid] = await Promise.all([pidOf(client), pidOf(writer.client)]);
        const written = writer.client.query(`insert into ${table} values (2)`);
        await waits(writerPid);

        await demote(client, queue, 1);
        const second = demote(client, queue, 2);
        await waits(pid);
        // Others do not wait behind it.
        expect(await stateOf(other.client.query(`insert into ${table} values (3)`))).toEqual([
          'TD003',
          'Insert into queue disallowed',
        ]);
        await blocker.client.query('commit');
        await written;
        const { last_tick } = await second;
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
        expect(
          await client.query(
            `select ev_data from ${queue_data_pfx} e, pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
              where q.queue_name = $1 and t.tick_id = $2 and e.ev_type like '{%' and txid_visible_in_snapshot(e.ev_txid, t.tick_snapshot) order by ev_id`,
            [queue, last_tick],
          ),
        ).toEqual([{ ev_data: '{"id":1}' }, { ev_data: '{"id":2}' }]);
      }));

    test('has no last tick before the first step is committed', () =>
      atRoot(async (client, queue) => {
        await using first = await db.open();
        await first.client.query('begin');
        await demote(first.client, queue, 1);
        const pid = await pidOf(client);
        const second = stateOf(demote(client, queue, 2));
        await waits(pid);
        await first.client.query('commit');
        expect(await second).toEqual(['TD003', 'steps in wrong order']);
        expect(await demote(client, queue, 2)).toMatchObject({ ret_code: 200 });
      }));

    test('is held back while there are events that no other node would ever get', () =>
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

    test('does not run what stands in for the name of its event tables', () =>
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

    test('says what it cannot do, and changes nothing then', () =>
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
    test('makes events and ticks that go on after those that it has copied', () =>
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

    test('knows the ids of copied events beyond the last tick', () =>
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

    test('is the way back for a root that stepped down', () =>
      atRoot(async (client, queue) => {
        for (const step of [1, 2, 3]) await demote(client, queue, step);
        await demand(client, 'pgq_node.promote_branch', queue);
        await insert(client, queue);
        await tickNow(client, queue);
        expect(await ask(client, 'pgq_node.get_node_info', queue)).toMatchObject({ provider_node: 'root' });
      }));
  });

  test('A leaf that is merged on a branch of the combined queue stands where that queue says', () =>
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
