/** Two sessions at once: what the functions of schema pgq promise to runs that overlap. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { consume, insertEvent, makeQueue, stateOf, tickNow } from '../support/queue.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeQueue(client)));

  /** Waits until a session waits for a lock in this database. */
  const somebodyWaits = (client: Client) =>
    until('somebody waits for a lock', async () =>
      client.first(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    );

  /** `first` runs in a transaction that stays open; `second` begins and must wait; then the first ends. Returns both results. */
  async function overlap<T>(
    client: Client,
    end: 'commit' | 'rollback',
    first: (client: Client) => Promise<T>,
    second: (client: Client) => Promise<T>,
  ): Promise<[T, T]> {
    await using a = await db.open();
    await using b = await db.open();
    await a.client.query('begin');
    const one = await first(a.client);
    const waiting = second(b.client);
    await somebodyWaits(client);
    await a.client.query(end);
    return [one, await waiting];
  }

  const value =
    (statement: string, ...args: unknown[]) =>
    async (client: Client) =>
      (await client.first<{ v: unknown }>(`select ${statement} as v`, args))?.v;

  test('Two sessions that create one queue create it once', () =>
    db.client(async (client) => {
      const create = (name: string) => value('pgq.create_queue($1)', name);
      expect(await overlap(client, 'commit', create('race_a'), create('race_a'))).toEqual([1, 0]);
      expect(await overlap(client, 'rollback', create('race_b'), create('race_b'))).toEqual([1, 1]);
    }));

  test('Two sessions that register one consumer register it once', () =>
    inQueue(async (client, queue) => {
      const register = (name: string) => value('pgq.register_consumer($1, $2)', queue, name);
      expect(await overlap(client, 'commit', register('a'), register('a'))).toEqual([1, 0]);
      expect(await overlap(client, 'rollback', register('b'), register('b'))).toEqual([1, 1]);
      const leave = value('pgq.unregister_consumer($1, $2)', queue, 'b');
      expect(await overlap(client, 'commit', leave, register('b'))).toEqual([1, 1]);
    }));

  test('A session that registers a consumer while another does moves it, or is asked to try again', () =>
    inQueue(async (client, queue) => {
      await tickNow(client, queue);
      const at = (name: string, tick: number) =>
        value('pgq.register_consumer_at($1, $2, $3)', queue, name, tick);
      expect(await overlap(client, 'commit', at('a', 1), at('a', 2))).toEqual([1, 0]);
      const repeatable = async (c: Client) => {
        await c.query('begin isolation level repeatable read; select 1 from pgq.subscription');
        return (await stateOf(at('b', 2)(c)))?.[0];
      };
      expect(await overlap<unknown>(client, 'commit', at('b', 1), repeatable)).toEqual([1, '40001']);
      const rows = await client.query(
        `select co_name as name, sub_last_tick::int as tick from pgq.subscription
           join pgq.consumer on co_id = sub_consumer join pgq.queue on queue_id = sub_queue
          where queue_name = $1 order by 1`,
        [queue],
      );
      expect(rows).toEqual([
        { name: 'a', tick: 2 },
        { name: 'b', tick: 1 },
      ]);
    }));

  test('Two sessions that ask for a batch get the same one', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await insertEvent(client, queue);
      await tickNow(client, queue);
      await tickNow(client, queue);
      const next = value('pgq.next_batch($1, $2)', queue, 'reader');
      const [first, second] = await overlap(client, 'commit', next, next);
      expect(second).toBe(first);
      await value('pgq.finish_batch($1)', first)(client);
      const [undone, own] = await overlap(client, 'rollback', next, next);
      expect(own).not.toBe(undone);
      expect(await next(client)).toBe(own);
    }));

  test('A member of a cooperative consumer that is finishing is not taken for dead', () =>
    inQueue(async (client, queue) => {
      const next = (member: string, dead: string | null) =>
        value('pgq_coop.next_batch($1, $2, $3, $4)', queue, 'shared', member, dead);
      await next('slow', null)(client);
      await tickNow(client, queue);
      const batch = await next('slow', null)(client);
      expect(batch).not.toBeNull();
      const finish = value('pgq_coop.finish_batch($1)', batch);
      expect(await overlap<unknown>(client, 'rollback', finish, next('quick', '0'))).toEqual([1, batch]);
      await finish(client);
      await tickNow(client, queue);
      const other = await next('slow', null)(client);
      const finishOther = value('pgq_coop.finish_batch($1)', other);
      expect(await overlap<unknown>(client, 'commit', finishOther, next('quick', '0'))).toEqual([1, null]);
    }));

  test('A ticker waits for the other, and its tick is after the other one’s', () =>
    inQueue(async (client, queue) => {
      await client.query(
        `update pgq.queue set queue_ticker_max_lag = '0', queue_ticker_idle_period = '0' where queue_name = $1`,
        [queue],
      );
      const tick = value('pgq.ticker($1)', queue);
      expect(await overlap(client, 'commit', tick, tick)).toEqual([2n, 3n]);
      expect(await overlap(client, 'rollback', tick, tick)).toEqual([4n, 5n]);
    }));

  test('Many tickers, writers and consumers at once: ticks are ordered, and each event comes once', () =>
    inQueue(async (client, queue) => {
      await client.query(
        `update pgq.queue set queue_ticker_max_count = 1, queue_ticker_max_lag = '0', queue_ticker_idle_period = '0' where queue_name = $1`,
        [queue],
      );
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      let writing = true;
      const tickers = Array.from({ length: 3 }, async () => {
        await using own = await db.open();
        while (writing) await own.client.query('select pgq.ticker($1)', [queue]);
      });
      const writers = Array.from({ length: 3 }, async (_, w) => {
        await using own = await db.open();
        for (let i = 0; i < 60; i++) {
          await own.client.query('begin');
          await insertEvent(own.client, queue, `${w}.${i}.a`);
          await insertEvent(own.client, queue, `${w}.${i}.b`);
          await own.client.query(i % 7 === 0 ? 'rollback' : 'commit');
        }
      });
      await Promise.all(writers);
      writing = false;
      await Promise.all(tickers);
      const last = await tickNow(client, queue);

      const disorder = await client.query(
        `select * from (
           select t.tick_id, t.tick_time, t.tick_snapshot,
                  lag(t.tick_snapshot) over w as before, lag(t.tick_time) over w as time_before
             from pgq.tick t join pgq.queue on queue_id = tick_queue where queue_name = $1
           window w as (order by t.tick_id)) x
          where txid_snapshot_xmin(before) > txid_snapshot_xmin(tick_snapshot)
             or txid_snapshot_xmax(before) > txid_snapshot_xmax(tick_snapshot)
             or time_before > tick_time
             or exists (select 1 from txid_snapshot_xip(tick_snapshot) x(id)
                         where txid_visible_in_snapshot(x.id, before))`,
        [queue],
      );
      expect(disorder).toEqual([]);
      const got: (string | null)[] = [];
      for (let i = 1n; i < last; i++)
        got.push(...(await consume(client, queue, 'reader')).map((e) => e.ev_data));
      const committed = [0, 1, 2].flatMap((w) =>
        Array.from({ length: 60 }, (_, i) => i)
          .filter((i) => i % 7 !== 0)
          .flatMap((i) => [`${w}.${i}.a`, `${w}.${i}.b`]),
      );
      expect(got.sort()).toEqual(committed.sort());
    }));

  test('Retries that are due are put back once, whoever calls', () =>
    inQueue(async (client, queue) => {
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await client.query(
        `select pgq.event_retry_raw($1, 'reader', now(), null, null, null, 't', 'd', null, null, null, null)`,
        [queue],
      );
      const retry = value('pgq.maint_retry_events()');
      expect(await overlap(client, 'commit', retry, retry)).toEqual([1, 0]);
    }));
});
