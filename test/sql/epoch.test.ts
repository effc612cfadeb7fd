/**
 * A database that was restored from a dump, or a cluster that took over, counts transactions from a lower number. The queue
 * reports it, and pgtide.queue_new_epoch repairs it: every consumer gets exactly the events that it had not read, and all
 * later ones.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { demand, makeFollower, makeRoot } from '../support/node.ts';
import {
  consume,
  eventsOf,
  finishBatch,
  insertEvent,
  makeQueue,
  nextBatch,
  passTime,
  stateOf,
  tick,
  tickNow,
} from '../support/queue.ts';

/** Does to a queue what a restore does: all its transaction ids lie in the future. */
async function restore(client: Client, queue: string): Promise<void> {
  const ahead = 1_000_000_000;
  await client.transaction({}, async () => {
    const row = await client.first<{ id: number; prefix: string }>(
      'select queue_id as id, queue_data_pfx as prefix from pgq.queue where queue_name = $1',
      [queue],
    );
    await client.query(
      `update pgq.tick set tick_snapshot = (
         select format('%s:%s:%s', txid_snapshot_xmin(tick_snapshot) + ${ahead}, txid_snapshot_xmax(tick_snapshot) + ${ahead},
                       (select string_agg((x + ${ahead})::text, ',' order by x) from txid_snapshot_xip(tick_snapshot) x))::txid_snapshot)
        where tick_queue = $1`,
      [row?.id],
    );
    const rowTables = await client.query<{ name: string }>(
      'select name from pgq._row_tables($1, null, true)',
      [row?.id],
    );
    for (const table of [row?.prefix, ...rowTables.map(({ name }) => name)])
      await client.query(`update ${table} set ev_txid = ev_txid + ${ahead}`);
    await client.query(
      `update pgq.queue set queue_switch_step1 = queue_switch_step1 + ${ahead}, queue_switch_step2 = queue_switch_step2 + ${ahead}
        where queue_id = $1`,
      [row?.id],
    );
  });
}

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeQueue(client)));
  const register = (client: Client, queue: string, consumer: string) =>
    client.query('select pgq.register_consumer($1, $2)', [queue, consumer]);
  const fill = async (client: Client, queue: string, ...data: string[]) => {
    for (const one of data) await insertEvent(client, queue, one);
    await tickNow(client, queue);
  };
  const repair = (client: Client, queue: string) =>
    client.first('select * from pgtide.queue_new_epoch($1)', [queue]);
  const readAll = async (client: Client, queue: string, consumer: string) => {
    const data: (string | null)[] = [];
    while ((await nextBatch(client, queue, consumer)) !== null)
      data.push(...(await consume(client, queue, consumer)).map((event) => event.ev_data));
    return data;
  };

  test('Captured rows go on where each consumer was, like other events', () =>
    inQueue(async (client, queue) => {
      for (const consumer of ['slow', 'quick']) await register(client, queue, consumer);
      const table = `t_${queue}`;
      await client.query(`create table ${table} (id int)`);
      await client.query(`select pgtide.create_capture($1, $2::regclass, 'public.' || $2)`, [queue, table]);
      await client.query(`insert into ${table} values (1)`);
      await fill(client, queue, 'a');
      await consume(client, queue, 'quick');
      await client.query(`insert into ${table} values (2)`);
      await fill(client, queue, 'b');
      await restore(client, queue);
      await client.query(`insert into ${table} values (3)`);
      expect(await repair(client, queue)).toMatchObject({ repaired: true, pending_events: 5n });
      await client.query(`insert into ${table} values (4)`);
      await fill(client, queue, 'c');
      expect(await readAll(client, queue, 'quick')).toEqual(['{"id":2}', 'b', '{"id":3}', '{"id":4}', 'c']);
      expect(await readAll(client, queue, 'slow')).toEqual([
        '{"id":1}',
        'a',
        '{"id":2}',
        'b',
        '{"id":3}',
        '{"id":4}',
        'c',
      ]);
    }));

  test('A restored queue says so, and after that each consumer goes on where it was', () =>
    inQueue(async (client, queue) => {
      for (const consumer of ['slow', 'busy', 'quick']) await register(client, queue, consumer);
      await fill(client, queue, 'a', 'b');
      await consume(client, queue, 'busy');
      await fill(client, queue, 'c');
      await fill(client, queue, 'd');
      for (let i = 0; i < 3; i++) await consume(client, queue, 'quick');
      const open = await nextBatch(client, queue, 'busy');
      await insertEvent(client, queue, 'e'); // after the last tick
      await restore(client, queue);

      await client.query('select pgq.force_tick($1)', [queue]);
      expect(await stateOf(tick(client, queue))).toMatchObject([
        'TD003',
        expect.stringMatching(/^Invalid PgQ state: old xmin=/),
      ]);
      await passTime(client, queue, '3 hours');
      expect(await stateOf(client.query('select pgq.maint_rotate_tables_step1($1)', [queue]))).toMatchObject([
        'TD003',
        expect.stringContaining('maint failure'),
      ]);
      expect(await client.query('select kind from pgtide.rotation_blockers($1)', [queue])).toContainEqual({
        kind: 'epoch',
      });

      await insertEvent(client, queue, 'f');
      await client.query(
        `do $$ begin begin perform pgq.insert_event('${queue}', 'test', 'g'); exception when division_by_zero then null; end; end $$`,
      );
      expect(await repair(client, queue)).toEqual({ repaired: true, kept_ticks: 4, pending_events: 7n });
      expect(await tickNow(client, queue)).toBeTypeOf('bigint');
      await fill(client, queue, 'h');

      expect((await eventsOf(client, open ?? 0n)).map((event) => event.ev_data)).toEqual(['c']);
      expect(await nextBatch(client, queue, 'busy')).toBe(open);
      await finishBatch(client, open ?? 0n);
      expect(await readAll(client, queue, 'busy')).toEqual(['d', 'e', 'f', 'g', 'h']);
      expect(await readAll(client, queue, 'quick')).toEqual(['e', 'f', 'g', 'h']);
      expect(await readAll(client, queue, 'slow')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    }));

  test('Rotated tables, and a rotation that was under way, go on too', () =>
    inQueue(async (client, queue) => {
      await tickNow(client, queue);
      await register(client, queue, 'slow');
      await fill(client, queue, 'a');
      await passTime(client, queue, '3 hours');
      await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      await fill(client, queue, 'b');
      await restore(client, queue);
      await insertEvent(client, queue, 'c');
      expect(await repair(client, queue)).toMatchObject({ repaired: true });
      await client.query('select pgq.maint_rotate_tables_step2()');
      await passTime(client, queue, '3 hours');
      await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
      await fill(client, queue, 'd');
      expect(await readAll(client, queue, 'slow')).toEqual(['a', 'b', 'c', 'd']);
      for (const data of ['e', 'f', 'g', 'h']) {
        await passTime(client, queue, '3 hours');
        await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
        await client.query('select pgq.maint_rotate_tables_step2()');
        await fill(client, queue, data);
        expect(await readAll(client, queue, 'slow')).toEqual([data]);
      }
    }));

  test('A writer under way is waited for, one that has only its id is not, and both are read', () =>
    inQueue(async (client, queue) => {
      await register(client, queue, 'reader');
      await fill(client, queue, 'old');
      await restore(client, queue);
      await using early = await db.open();
      await using late = await db.open();
      await early.client.query('begin');
      await insertEvent(early.client, queue, 'early');
      await late.client.query('begin; select txid_current()');
      const repairing = repair(client, queue);
      const waits = () =>
        db.client(
          async (other) =>
            (await other.query(`select from pg_locks where not granted and mode = 'AccessExclusiveLock'`))
              .length,
        );
      await expect.poll(waits, { timeout: 20_000 }).toBeGreaterThan(0);
      await early.client.query('commit');
      expect(await repairing).toMatchObject({ repaired: true, pending_events: 2n });
      await tickNow(client, queue);
      await insertEvent(late.client, queue, 'late');
      await late.client.query('commit');
      await tickNow(client, queue);
      expect(await readAll(client, queue, 'reader')).toEqual(['old', 'early', 'late']);
    }));

  test('A healthy queue is left as it is', () =>
    inQueue(async (client, queue) => {
      await register(client, queue, 'reader');
      await fill(client, queue, 'a');
      await fill(client, queue, 'b');
      const state = () =>
        client.query(
          'select t.tick_id, t.tick_snapshot::text from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue where q.queue_name = $1',
          [queue],
        );
      const before = await state();
      expect(await repair(client, queue)).toEqual({ repaired: false, kept_ticks: 0, pending_events: 0n });
      expect(await state()).toEqual(before);
      expect(await stateOf(repair(client, 'nowhere'))).toEqual(['TD002', 'No such queue: nowhere']);
      await client.query('begin isolation level repeatable read');
      expect(await stateOf(repair(client, queue))).toMatchObject(['TD003', expect.any(String)]);
      await client.query('rollback');
    }));

  test('Retried events and sequences that are behind are part of it', () =>
    inQueue(async (client, queue) => {
      await register(client, queue, 'reader');
      await fill(client, queue, 'again');
      const batch = (await nextBatch(client, queue, 'reader')) ?? 0n;
      await client.query('select pgq.batch_retry($1, 0)', [batch]);
      await finishBatch(client, batch);
      await fill(client, queue, 'b');
      await restore(client, queue);
      const sequences = await client.first<{ tick: string; event: string }>(
        'select queue_tick_seq as tick, queue_event_seq as event from pgq.queue where queue_name = $1',
        [queue],
      );
      await client.query('select setval($1::regclass, 1), setval($2::regclass, 1)', [
        sequences?.tick,
        sequences?.event,
      ]);
      await client.query('select pgq.maint_retry_events()');
      await repair(client, queue);
      await fill(client, queue, 'c');
      expect((await readAll(client, queue, 'reader')).sort()).toEqual(['again', 'b', 'c']);
    }));

  test('A root notifies its nodes, which restart running copies', async () => {
    await db.client(async (client) => {
      const queue = await makeRoot(client);
      await register(client, queue, 'reader');
      await fill(client, queue, 'a');
      await restore(client, queue);
      await client.query('select * from pgtide.queue_new_epoch($1)', [queue]);
      await tickNow(client, queue);
      await consume(client, queue, 'reader');
      expect(await consume(client, queue, 'reader')).toMatchObject([
        { ev_type: 'pgtide.new-epoch', ev_extra1: queue },
      ]);
      await restore(client, queue);
      await client.query('select * from pgtide.queue_new_epoch($1, false)', [queue]);
      await tickNow(client, queue);
      expect(await consume(client, queue, 'reader')).toEqual([]);

      const leaf = await makeFollower(client, 'leaf');
      await client.query(
        'create table public.copied (id int primary key); create table public.copying (id int primary key)',
      );
      for (const [table, phase] of [
        ['public.copied', 'ok'],
        ['public.copying', 'copying'],
      ]) {
        await demand(client, 'londiste.global_add_table', leaf, table);
        await demand(client, 'londiste.local_add_table', leaf, table, [], null, null);
        await client.query(
          'insert into pgtide.table_state (queue_name, table_name, generation, phase) values ($1, $2, 1, $3)',
          [leaf, table, phase],
        );
      }
      await client.query(`select pgtide._apply_control_event($1, 'pgtide.new-epoch', '1', $1, null, null)`, [
        leaf,
      ]);
      expect(
        await client.query(
          'select table_name, generation, phase from pgtide.table_state where queue_name = $1 order by 1',
          [leaf],
        ),
      ).toEqual([
        { table_name: 'public.copied', generation: 1, phase: 'ok' },
        { table_name: 'public.copying', generation: 2, phase: null },
      ]);
    });
  });
});
