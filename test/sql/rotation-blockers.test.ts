/**
 * The queue cannot fill the disk unnoticed: whatever keeps its tables from rotating is reported by name, and a policy acts
 * on it. Each version has a separate server, since a transaction in another database holds rotation, too.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { demand, makeRoot } from '../support/node.ts';
import { consume, insertEvent, makeQueue, passTime, stateOf, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

interface Blocker {
  kind: string;
  who: string | null;
  node: string | null;
  since: Date | null;
  due: Date | null;
  held_bytes: bigint;
  bytes_per_hour: bigint;
  message: string;
  remedy: string;
}

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    const server = await ownServer({ version, settings: { max_prepared_transactions: '5' } });
    db = await createDatabase(server, { owner: 'app' });
    await db.client((client) => install(client));
  });
  const blockers = (client: Client, queue: string) =>
    client.query<Blocker>('select * from pgtide.rotation_blockers($1)', [queue]);
  const kinds = async (client: Client, queue: string) =>
    (await blockers(client, queue)).map(({ kind, who }) => [kind, who]);
  const rotate = async (client: Client, queue: string) => {
    await passTime(client, queue, '3 hours');
    await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
    await client.query('select pgq.maint_rotate_tables_step2()');
  };
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      await tickNow(client, queue);
      await work(client, queue);
    });
  const register = (client: Client, queue: string, consumer: string) =>
    client.query('select pgq.register_consumer($1, $2)', [queue, consumer]);
  /** A queue that has rotated once, with consumers that have not noticed it, and a later tick. */
  const heldBy = async (client: Client, queue: string, ...consumers: string[]) => {
    for (const consumer of consumers) await register(client, queue, consumer);
    await insertEvent(client, queue, 'x'.repeat(10_000));
    await rotate(client, queue);
    await insertEvent(client, queue, 'y'.repeat(100_000));
    await tickNow(client, queue);
  };
  const policy = (client: Client, queue: string, name: string, value: string | null) =>
    client.query('select pgtide.set_queue_policy($1, $2, $3)', [queue, name, value]);
  const maintain = async (client: Client, queue: string) => {
    const operations = await client.query<{ name: string }>(
      'select func_name as name from pgq.maint_operations() where func_arg = $1',
      [queue],
    );
    for (const { name } of operations) await client.query(`select ${name}($1)`, [queue]);
  };
  const alarms = (client: Client, queue: string) =>
    client.query(
      'select kind, who, node, detached_at is not null as detached from pgtide.queue_alarm where queue_name = $1 order by 1, 2',
      [queue],
    );

  describe('rotation_blockers reports', () => {
    test('nothing while rotation works, also right after a rotation', () =>
      inQueue(async (client, queue) => {
        await register(client, queue, 'reader');
        expect(await kinds(client, queue)).toEqual([]);
        await rotate(client, queue);
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        expect(await kinds(client, queue)).toEqual([]);
        expect(await stateOf(blockers(client, 'nowhere'))).toEqual(['TD002', 'No such queue: nowhere']);
      }));

    test('a consumer that is behind: since when, what it holds, how that grows, what to do', () =>
      inQueue(async (client, queue) => {
        await heldBy(client, queue, 'slow');
        await passTime(client, queue, '3 hours');
        const [blocker, ...others] = await blockers(client, queue);
        expect(others).toEqual([]);
        expect(blocker).toMatchObject({ kind: 'consumer', who: 'slow', node: null });
        const hoursAgo = (date: Date | null | undefined) => (Date.now() - Number(date)) / 3_600_000;
        expect(hoursAgo(blocker?.since)).toBeGreaterThan(5.9);
        expect(hoursAgo(blocker?.due)).toBeCloseTo(1, 1);
        expect(blocker?.held_bytes).toBeGreaterThan(10_000n);
        expect(blocker?.bytes_per_hour).toBeGreaterThan(1000n);
        expect(blocker?.bytes_per_hour).toBeLessThan(blocker?.held_bytes ?? 0n);
        expect(blocker?.remedy).toContain(`select pgq.unregister_consumer('${queue}', 'slow')`);
        await consume(client, queue, 'slow');
        expect((await kinds(client, queue)).filter(([kind]) => kind !== 'maintenance')).toEqual([]);
      }));

    test("a node's worker and its watermark, a dead one as dead", () =>
      db.client(async (client) => {
        const queue = await makeRoot(client);
        await tickNow(client, queue);
        await demand(client, 'pgq_node.register_location', queue, 'copy', 'node:copy', false);
        await demand(client, 'pgq_node.register_subscriber', queue, 'copy', `${queue}.copy`, null);
        await heldBy(client, queue);
        expect(await blockers(client, queue)).toMatchObject([
          {
            kind: 'watermark',
            who: '.copy.watermark',
            node: 'copy',
            message: expect.stringContaining('may still need'),
          },
          { kind: 'consumer', who: `${queue}.copy`, node: 'copy' },
        ]);
        await client.query(`update pgq_node.node_location set dead = true where node_name = 'copy'`);
        const [dead] = await blockers(client, queue);
        expect(dead?.message).toBe('node copy is marked as dead and still registered');
        const remedy = /select \* from pgq_node\.[^;]*$/.exec(dead?.remedy ?? '')?.[0] ?? '';
        await client.query(remedy);
        expect(await kinds(client, queue)).toEqual([['watermark', '.global_watermark']]);
        await client.query('select * from pgq_node.maint_watermark($1)', [queue]);
        expect(await kinds(client, queue)).toEqual([['maintenance', null]]);
      }));

    test('a transaction that is older than the last rotation, and not its consumers', () =>
      inQueue(async (client, queue) => {
        await register(client, queue, 'reader');
        await using old = await db.open();
        await old.client.query('begin; select txid_current()');
        await rotate(client, queue);
        await tickNow(client, queue);
        await consume(client, queue, 'reader');
        const [blocker, ...others] = await blockers(client, queue);
        expect(others).toEqual([]);
        expect(blocker?.kind).toBe('transaction');
        const pid = (await old.client.first<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;
        expect(blocker?.who).toContain(`process ${pid} (`);
        expect(blocker?.remedy).toBe(`end it, or: select pg_terminate_backend(${pid})`);
        expect(Date.now() - Number(blocker?.since)).toBeLessThan(60_000);
        await old.client.query('rollback');
        expect(await kinds(client, queue)).toEqual([['ticker', null]]);
        await tickNow(client, queue);
        expect(await kinds(client, queue)).toEqual([['consumer', 'reader']]);
      }));

    test('a prepared transaction', () =>
      inQueue(async (client, queue) => {
        await register(client, queue, 'reader');
        await client.query(`begin; select txid_current(); prepare transaction 'forgotten'`);
        try {
          await rotate(client, queue);
          expect(await blockers(client, queue)).toMatchObject([
            {
              kind: 'transaction',
              who: 'prepared transaction forgotten',
              remedy: expect.stringContaining("rollback prepared 'forgotten'"),
            },
          ]);
        } finally {
          await client.query(`rollback prepared 'forgotten'`);
        }
      }));

    test('a lock on the table that is to be emptied, once it is time', () =>
      inQueue(async (client, queue) => {
        const table = await client.first<{ name: string }>(
          `select queue_data_pfx || '_1' as name from pgq.queue where queue_name = $1`,
          [queue],
        );
        await using dump = await db.open();
        await dump.client.query(`begin; lock table ${table?.name} in access share mode`);
        expect(await kinds(client, queue)).toEqual([]);
        await passTime(client, queue, '3 hours');
        expect(await blockers(client, queue)).toMatchObject([
          {
            kind: 'lock',
            who: expect.stringContaining('process '),
            message: expect.stringContaining('AccessShareLock'),
          },
        ]);
        await dump.client.query('rollback');
        expect(await kinds(client, queue)).toEqual([['maintenance', null]]);
      }));

    test('maintenance that does not run, a missing step, a lost tick', () =>
      inQueue(async (client, queue) => {
        await passTime(client, queue, '3 hours');
        expect(await kinds(client, queue)).toEqual([['maintenance', null]]);
        await client.query('select pgq.maint_rotate_tables_step1($1)', [queue]);
        expect(await kinds(client, queue)).toEqual([['unfinished', 'pgq.maint_rotate_tables_step2']]);
        await client.query('select pgq.maint_rotate_tables_step2()');
        await tickNow(client, queue);
        await register(client, queue, 'reader');
        await client.query(
          'update pgq.subscription s set sub_last_tick = 999 from pgq.queue q where q.queue_id = s.sub_queue and q.queue_name = $1',
          [queue],
        );
        expect(await kinds(client, queue)).toEqual([['lost-tick', 'reader']]);
      }));
  });

  describe('A policy', () => {
    test('reports whoever blocks rotation too long, and withdraws the report', () =>
      inQueue(async (client, queue) => {
        await policy(client, queue, 'alarm_time', '4 hours');
        await heldBy(client, queue, 'slow');
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([]);
        await passTime(client, queue, '3 hours');
        await maintain(client, queue);
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([
          { kind: 'consumer', who: 'slow', node: null, detached: false },
        ]);
        await consume(client, queue, 'slow');
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([]);
      }));

    test('detaches a consumer at its limit, and then the tables rotate', () =>
      inQueue(async (client, queue) => {
        await policy(client, queue, 'alarm_bytes', '1');
        await policy(client, queue, 'detach_bytes', '20000');
        await heldBy(client, queue, 'slow', 'quick');
        await consume(client, queue, 'quick');
        await maintain(client, queue); // too early, whatever the size
        expect(await alarms(client, queue)).toEqual([]);
        await passTime(client, queue, '3 hours');
        await tickNow(client, queue);
        await consume(client, queue, 'quick');
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([
          { kind: 'consumer', who: 'slow', node: null, detached: true },
        ]);
        expect(await stateOf(client.query(`select pgq.next_batch($1, 'slow')`, [queue]))).toMatchObject([
          'TD002',
          expect.any(String),
        ]);
        const current = () =>
          client.first<{ nr: number }>('select queue_cur_table as nr from pgq.queue where queue_name = $1', [
            queue,
          ]);
        const before = await current();
        await maintain(client, queue);
        expect(await current()).not.toEqual(before);
        await register(client, queue, 'slow');
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([]);
      }));

    test('detaches all consumers of a node, and never the global watermark', () =>
      db.client(async (client) => {
        const queue = await makeRoot(client);
        await tickNow(client, queue);
        await demand(client, 'pgq_node.register_location', queue, 'copy', 'node:copy', false);
        await demand(client, 'pgq_node.register_subscriber', queue, 'copy', `${queue}.copy`, null);
        await policy(client, queue, 'detach_time', '1 hour');
        await heldBy(client, queue);
        await maintain(client, queue);
        expect(await alarms(client, queue)).toEqual([
          { kind: 'consumer', who: `${queue}.copy`, node: 'copy', detached: true },
          { kind: 'watermark', who: '.copy.watermark', node: 'copy', detached: true },
        ]);
        expect(await client.query('select consumer_name from pgq.get_consumer_info($1)', [queue])).toEqual([
          { consumer_name: '.global_watermark' },
        ]);
      }));

    test('is part of maintenance only while it has a limit', () =>
      inQueue(async (client, queue) => {
        const extra = async () =>
          (
            await client.first<{ extra: string[] | null }>(
              'select queue_extra_maint as extra from pgq.queue where queue_name = $1',
              [queue],
            )
          )?.extra;
        await client.query(
          `update pgq.queue set queue_extra_maint = '{own.function}' where queue_name = $1`,
          [queue],
        );
        await policy(client, queue, 'retry_limit', '3');
        expect(await extra()).toEqual(['own.function']);
        await policy(client, queue, 'alarm_time', '1 day');
        await policy(client, queue, 'detach_bytes', '1000000');
        expect(await extra()).toEqual(['own.function', 'pgtide.enforce_policy']);
        await policy(client, queue, 'alarm_time', null);
        await policy(client, queue, 'detach_bytes', null);
        expect(await extra()).toEqual(['own.function']);
      }));
  });
});
