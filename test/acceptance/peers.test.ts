/**
 * C1: programs that were written for PgQ work with a database that has only our SQL: Debian's pgqd, and consumers and
 * producers written with python-pgq. Needs Debian's pgqd and python3-londiste; skipped, with a message, if they are
 * missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { pair, type TestDatabase } from '../support/database.ts';
import {
  connectString,
  folderForFile,
  PYTHON,
  peersAreMissing,
  runPeer,
  startPgqd,
  writeIni,
} from '../support/peers.ts';
import {
  consume,
  eventsOf,
  finishBatch,
  insertEvent,
  makeQueue,
  nextBatch,
  tick,
  tickNow,
} from '../support/queue.ts';
import { until } from '../support/until.ts';

const SCRIPT = new URL('../support/peer-consumers.py', import.meta.url).pathname;
const DIED = 9;

const missing = peersAreMissing();

interface Seen {
  ev_type: string;
  ev_data: string;
  ev_retry: number | null;
}

describe.skipIf(missing)("PgQ's programs", () => {
  let [db, elsewhere]: TestDatabase[] = [];
  const [folder] = missing ? [''] : [folderForFile()];
  const query = <T>(sql: string) => (db as TestDatabase).client((client) => client.query<T>(sql));

  beforeAll(async () => {
    const { provider, subscriber } = await pair({ provider: 15, subscriber: 17 });
    [db, elsewhere] = [provider, subscriber];
    for (const one of [provider, subscriber])
      await one.client((client) =>
        client.query(
          'create table seen (nr serial, consumer text, ev_type text, ev_data text, ev_retry int)',
        ),
      );
  });

  /** A consumer or producer with a queue of its own. It runs once for each call. */
  async function peer(kind: string, job: string, settings: Record<string, string> = {}) {
    const [source, target] = [db as TestDatabase, elsewhere as TestDatabase];
    const queue = settings.queue_name ?? (await source.client((client) => makeQueue(client)));
    await query(`select pgq.set_queue_config('${queue}', 'ticker_max_lag', '0 seconds')`);
    const section = kind === 'status' ? 'pgqadm' : 'peers';
    const ini = writeIni(folder ?? '', job, section, {
      job_name: job,
      queue_name: queue,
      db: connectString(source),
      remote_db: connectString(target),
      mark: join(folder ?? '', `${job}.mark`),
      loop_delay: 0,
      ...settings,
    });
    const run = (...options: string[]) => runPeer(PYTHON, [SCRIPT, kind, ini, ...options]);
    return {
      queue,
      run,
      /** Runs it; the run must end as expected. */
      async done(...options: string[]) {
        const { status, err, out } = await run(...options);
        expect([status, err + out].join(': ')).toMatch(/^0: /);
        expect(err).not.toContain('Traceback');
      },
      /** Events of one batch: type and data. */
      async send(...events: [type: string, data: string][]) {
        await source.client(async (client) => {
          for (const [type, data] of events)
            await client.query('select pgq.insert_event($1, $2, $3)', [queue, type, data]);
          await tick(client, queue);
        });
      },
      seen: (at: TestDatabase = source) =>
        at.client((client) =>
          client.query<Seen>('select ev_type, ev_data, ev_retry from seen where consumer = $1 order by nr', [
            job,
          ]),
        ),
    };
  }

  const row = (ev_type: string, ev_data: string, ev_retry: number | null = null): Seen => ({
    ev_type,
    ev_data,
    ev_retry,
  });
  const retry = (client: Client, queue: string) =>
    client.query('select pgq.maint_retry_events()').then(() => tickNow(client, queue));

  test('a consumer gets events, retries them, and gets its batch again after a crash', async () => {
    for (const fetch of ['0', '2']) {
      const it = await peer('plain', `plain_${fetch}`, { pgq_lazy_fetch: fetch });
      await it.done('--register');
      await it.send(['a', 'one'], ['retry', 'two'], ['a', 'three']);
      await it.done();
      expect(await it.seen()).toEqual([row('a', 'one'), row('retry', 'two'), row('a', 'three')]);
      await db?.client((client) => retry(client, it.queue));
      await it.done();
      expect((await it.seen()).slice(3)).toEqual([row('retry', 'two', 1)]);
      await it.send(['a', 'four'], ['die', 'five']);
      expect((await it.run()).status).toBe(DIED);
      await it.done();
      expect((await it.seen()).slice(4)).toEqual([row('a', 'four'), row('die', 'five')]);
      await it.done('--unregister');
      expect(await query(`select * from pgq.get_consumer_info('${it.queue}')`)).toEqual([]);
    }
  });

  test('a consumer collects events, keeps a lag, and reads the tables that it chose', async () => {
    const it = await peer('plain', 'choosy', {
      pgq_batch_collect_events: '3',
      table_filter: 'public.wanted',
    });
    await it.done('--register');
    const send = (extra1: string) =>
      db?.client(async (client) => {
        await client.query(`select pgq.insert_event($1, 't', $2, $2, null, null, null)`, [it.queue, extra1]);
        await tick(client, it.queue);
      });
    await send('public.wanted');
    await it.done();
    expect(await it.seen()).toEqual([]);
    await send('public.other');
    await send('public.wanted');
    await it.done();
    expect(await it.seen()).toEqual([row('t', 'public.wanted'), row('t', 'public.wanted')]);
  });

  test('members of a cooperative consumer share its events, and take over the batches of a dead one', async () => {
    const one = await peer('coop', 'coop', { subconsumer_name: 'one' });
    await one.done('--register');
    const settings = { queue_name: one.queue, consumer_name: 'coop', subconsumer_name: 'two' };
    const two = await peer('coop', 'coop_two', { ...settings, subconsumer_timeout: '1 ms' });
    await two.done('--register');
    await one.send(['a', 'one'], ['retry', 'two'], ['die', 'three']);
    expect((await one.run()).status).toBe(DIED);
    expect(await one.seen()).toEqual([]);
    await one.send(['a', 'four']);
    await until("the dead one's batch", async () => {
      await two.run();
      return (await two.seen()).some(({ ev_data }) => ev_data === 'one');
    });
    // The same event ends the second one, too, and the batch is open again.
    await two.done();
    await db?.client((client) => retry(client, one.queue));
    await two.done();
    const all = [...(await one.seen()), ...(await two.seen())].map(({ ev_data }) => ev_data).sort();
    expect(all).toEqual(['four', 'one', 'three', 'two', 'two']);
    await one.done('--unregister');
    await two.done('--unregister');
  });

  test.each(['remote', 'serial'])(
    'a %s consumer processes each batch once, wherever it is killed',
    async (kind) => {
      const it = await peer(kind, kind);
      await it.done('--register');
      await it.send(['a', 'one']);
      await it.send(['a', 'two'], ['die late', 'three']);
      expect((await it.run()).status).toBe(DIED);
      const done = [row('a', 'one'), row('a', 'two'), row('die late', 'three')];
      expect(await it.seen(elsewhere)).toEqual(done);
      await it.done();
      expect(await it.seen(elsewhere)).toEqual(done);
      await it.send(['a', 'four']);
      await it.done();
      expect(await it.seen(elsewhere)).toEqual([...done, row('a', 'four')]);
      if (kind === 'remote') return;
      // The queue's side forgets the consumer; the position in the other database counts.
      await query(`select pgq.register_consumer('${it.queue}', 'serial')`);
      await it.send(['a', 'five']);
      await query(
        `select pgq.unregister_consumer('${it.queue}', 'serial'); select pgq.register_consumer('${it.queue}', 'serial')`,
      );
      await it.done('--rewind');
      await it.done();
      expect(await it.seen(elsewhere)).toEqual([...done, row('a', 'four'), row('a', 'five')]);
      await it.done('--unregister');
    },
  );

  test('a consumer with its position in a file registers at that position', async () => {
    const it = await peer('local', 'local', { local_tracking_file: join(folder ?? '', 'local.tick') });
    await it.done('--register');
    await it.send(['a', 'one']);
    await it.done();
    await query(`select pgq.unregister_consumer('${it.queue}', 'local')`);
    await it.send(['a', 'two']);
    await it.done();
    expect(await it.seen()).toEqual([row('a', 'one'), row('a', 'two')]);
  });

  test('a producer inserts single events, and copies many in', async () => {
    const it = await peer('producer', 'producer');
    await query(`select pgq.register_consumer('${it.queue}', 'reader')`);
    await it.done();
    const events = await db?.client(async (client) => {
      await tickNow(client, it.queue);
      return consume(client, it.queue, 'reader');
    });
    expect(events).toMatchObject([
      { ev_type: 'single', ev_data: 'one', ev_extra4: 'x' },
      { ev_type: 'bulk', ev_data: 'two' },
      { ev_type: 'bulk', ev_data: 'three\t' },
    ]);
  });

  test("pgq's status lists queues and consumers", async () => {
    const it = await peer('status', 'status');
    await query(`select pgq.register_consumer('${it.queue}', 'slow')`);
    await it.send(['a', 'one'], ['a', 'two']);
    const { status, out, err } = await it.run();
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/PgQ version: 3\.5/);
    expect(out).toMatch(new RegExp(`^${it.queue} +3/7200s +500/0s/60s`, 'm'));
    expect(out).toMatch(/^ {2}slow +\d+s +\d+s +2$/m);
  });

  test('pgqd ticks, reinserts retries, rotates, and logs no error', async () => {
    const it = db as TestDatabase;
    const queue = await it.client(async (client) => {
      const name = await makeQueue(client);
      await client.query(`select pgq.register_consumer('${name}', 'reader')`);
      await client.query(`select pgq.set_queue_config('${name}', 'ticker_max_lag', '0.1 seconds'),
        pgq.set_queue_config('${name}', 'ticker_idle_period', '0.2 seconds'),
        pgq.set_queue_config('${name}', 'rotation_period', '0.2 seconds')`);
      await insertEvent(client, name, 'again');
      return name;
    });
    const pgqd = startPgqd(folder ?? '', [it]);
    await it.client(async (client) => {
      const next = () =>
        until('a batch with events', async () => {
          const batch = await nextBatch(client, queue, 'reader');
          if (batch === null) return undefined;
          const events = await eventsOf(client, batch);
          if (events.length > 0) return { batch, events };
          await finishBatch(client, batch);
          return undefined;
        });
      const first = await next();
      await client.query(`select pgq.event_retry($1, $2, 0)`, [first.batch, first.events[0]?.ev_id]);
      await finishBatch(client, first.batch);
      const second = await next();
      expect(second.events).toMatchObject([{ ev_data: 'again', ev_retry: 1 }]);
      await finishBatch(client, second.batch);
      const tables = new Set<number>();
      await until('every event table had its turn', async () => {
        await consume(client, queue, 'reader');
        const row = await client.first<{ table: number; done: boolean }>(
          `select queue_cur_table as table, queue_switch_step2 is not null as done from pgq.queue where queue_name = $1`,
          [queue],
        );
        if (row?.done) tables.add(row.table);
        return tables.size === 3;
      });
    });
    await until('its figures', () => existsSync(join(folder ?? '', 'pgqd.log')));
    await pgqd.stop();
    expect(pgqd.log()).not.toMatch(/ERROR|FATAL|WARNING/);
  });
});
