/**
 * The contract of pgq_coop: members of one consumer share its position, each event goes to one of them, and a dead member
 * is replaced.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { eventsOf, insertEvent, makeQueue, nextBatch, stateOf, tickNow } from '../support/queue.ts';

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const inQueue = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeQueue(client)));

  const call = async <T>(client: Client, name: string, ...args: unknown[]) => {
    const row = await client.first<{ value: T }>(
      `select pgq_coop.${name}(${args.map((_, i) => `$${i + 1}`).join(', ')}) as value`,
      args,
    );
    return row?.value;
  };
  const next = (client: Client, queue: string, member: string, ...dead: string[]) =>
    call<bigint | null>(client, 'next_batch', queue, 'main', member, ...dead);
  const finish = (client: Client, batch: unknown) => call<number>(client, 'finish_batch', batch);
  const members = (client: Client, queue: string) =>
    client.query<{ name: string }>(
      `select c.co_name as name, s.sub_last_tick is null as idle, s.sub_id = min(s.sub_id) over () as together
         from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer join pgq.queue q on q.queue_id = s.sub_queue
        where q.queue_name = $1 order by 1`,
      [queue],
    );
  const fill = async (client: Client, queue: string, ...data: string[]) => {
    for (const one of data) {
      await insertEvent(client, queue, one);
      await tickNow(client, queue);
    }
  };
  const read = async (client: Client, batch: bigint | null | undefined) =>
    (await eventsOf(client, batch ?? 0n)).map((event) => event.ev_data);
  /** Makes a member look as if it was last seen that long ago. */
  const silence = (client: Client, queue: string, member: string, time: string) =>
    client.query(
      `update pgq.subscription s set sub_active = now() - $3::interval from pgq.consumer c, pgq.queue q
        where c.co_id = s.sub_consumer and q.queue_id = s.sub_queue and q.queue_name = $1 and c.co_name = $2`,
      [queue, `main.${member}`, time],
    );

  test('register_subconsumer subscribes the member, and the main consumer, once', () =>
    inQueue(async (client, queue) => {
      expect(await call(client, 'register_subconsumer', queue, 'main', 'a')).toBe(1);
      expect(await call(client, 'register_subconsumer', queue, 'main', 'a')).toBe(0);
      expect(await call(client, 'register_subconsumer', queue, 'main', 'b')).toBe(1);
      expect(await members(client, queue)).toEqual([
        { name: 'main', idle: false, together: true },
        { name: 'main.a', idle: true, together: true },
        { name: 'main.b', idle: true, together: true },
      ]);
      expect(await stateOf(call(client, 'register_subconsumer', 'nowhere', 'main', 'a'))).toEqual([
        'TD002',
        'Event queue not created yet',
      ]);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'main.own']);
      expect(await stateOf(call(client, 'register_subconsumer', queue, 'main', 'own'))).toEqual([
        'TD001',
        'subconsumer not found',
      ]);
    }));

  test('next_batch gives each tick to one member, which keeps it until finish_batch', () =>
    inQueue(async (client, queue) => {
      expect(await next(client, queue, 'a')).toBeNull();
      await fill(client, queue, 'one', 'two');
      const [first, second] = [await next(client, queue, 'a'), await next(client, queue, 'b')];
      expect(await read(client, first)).toEqual(['one']);
      expect(await read(client, second)).toEqual(['two']);
      expect(await next(client, queue, 'a')).toBe(first);
      expect(await next(client, queue, 'c')).toBeNull();
      expect(await finish(client, first)).toBe(1);
      expect(await finish(client, first)).toBe(0);
      await fill(client, queue, 'three');
      expect(await read(client, await next(client, queue, 'a'))).toEqual(['three']);
      expect((await members(client, queue)).map((one) => one.name)).toEqual([
        'main',
        'main.a',
        'main.b',
        'main.c',
      ]);
    }));

  test('An open batch keeps its events from rotation, an idle member keeps none', () =>
    inQueue(async (client, queue) => {
      const lowest = async () =>
        (
          await client.first<{ tick: bigint }>(
            'select min(s.sub_last_tick) as tick from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue where q.queue_name = $1',
            [queue],
          )
        )?.tick;
      await next(client, queue, 'idle');
      const begin = await lowest();
      await fill(client, queue, 'one', 'two', 'three');
      const batch = await next(client, queue, 'a');
      await finish(client, await next(client, queue, 'b'));
      await finish(client, await next(client, queue, 'b'));
      expect(await lowest()).toBe(begin);
      await finish(client, batch);
      expect(await lowest()).toBe((begin ?? 0n) + 3n);
    }));

  test('next_batch_custom waits for the minimum that it is given', () =>
    inQueue(async (client, queue) => {
      const custom = (...args: unknown[]) =>
        call<bigint | null>(client, 'next_batch_custom', queue, 'main', 'a', ...args);
      await custom(null, null, null);
      await fill(client, queue, 'one', 'two');
      expect(await custom('1 hour', null, null)).toBeNull();
      expect(await custom(null, 1_000_000, null)).toBeNull();
      expect(await custom(null, null, '1 hour', '1 hour')).toBeNull();
      expect(await read(client, await custom(null, 3000, null))).toEqual(['one', 'two']);
    }));

  test('A dead member is unsubscribed and its batch taken over, a live one is not', () =>
    inQueue(async (client, queue) => {
      await next(client, queue, 'dead');
      await next(client, queue, 'gone');
      await fill(client, queue, 'one', 'two');
      const batch = await next(client, queue, 'dead');
      await silence(client, queue, 'dead', '50 minutes');
      await silence(client, queue, 'gone', '3 hours');
      expect(await read(client, await next(client, queue, 'a', '1 hour'))).toEqual(['two']);
      expect((await members(client, queue)).map((one) => one.name)).toEqual(['main', 'main.a', 'main.dead']);
      await next(client, queue, 'dead', '1 minute'); // shows that it is alive
      expect(await next(client, queue, 'b', '10 minutes')).toBeNull();
      await silence(client, queue, 'dead', '20 minutes');
      expect(await next(client, queue, 'b')).toBeNull();
      expect(await next(client, queue, 'b', '10 minutes')).toBe(batch);
      expect(await read(client, batch)).toEqual(['one']);
      expect((await members(client, queue)).map((one) => one.name)).toEqual(['main', 'main.a', 'main.b']);
      expect(await finish(client, batch)).toBe(1);
    }));

  test('A main consumer with an open batch gives none to members', () =>
    inQueue(async (client, queue) => {
      await call(client, 'register_subconsumer', queue, 'main', 'a');
      await fill(client, queue, 'one');
      const batch = await nextBatch(client, queue, 'main');
      expect(await stateOf(next(client, queue, 'a'))).toEqual(['TD003', 'main consumer has batch open?']);
      await client.query('select pgq.finish_batch($1)', [batch]);
      expect(await next(client, queue, 'a')).toBeNull();
    }));

  test('A retried event goes to any member, once', () =>
    inQueue(async (client, queue) => {
      await next(client, queue, 'a');
      await fill(client, queue, 'one');
      const batch = (await next(client, queue, 'a')) ?? 0n;
      const [event] = await eventsOf(client, batch);
      await client.query('select pgq.event_retry($1, $2, 0)', [batch, event?.ev_id]);
      await finish(client, batch);
      await client.query('select pgq.maint_retry_events()');
      await tickNow(client, queue);
      const again = await eventsOf(client, (await next(client, queue, 'b')) ?? 0n);
      expect(again).toMatchObject([{ ev_id: event?.ev_id, ev_retry: 1, ev_data: 'one' }]);
    }));

  test('unregister_subconsumer refuses to lose a batch, unless asked to', () =>
    inQueue(async (client, queue) => {
      await next(client, queue, 'a');
      await fill(client, queue, 'one');
      await next(client, queue, 'a');
      const unregister = (member: string, handling: number) =>
        call<number>(client, 'unregister_subconsumer', queue, 'main', member, handling);
      expect(await unregister('absent', 0)).toBe(0);
      expect(await stateOf(unregister('a', 0))).toEqual(['TD003', 'subconsumer has active batch']);
      expect(await unregister('a', 1)).toBe(1);
      expect((await members(client, queue)).map((one) => one.name)).toEqual(['main']);
      expect(await next(client, queue, 'brief')).toBeNull();
      expect(await unregister('brief', 0)).toBe(1);
      expect(await client.query(`select from pgq.consumer where co_name = 'main.brief'`)).toEqual([]);
    }));

  test('Members that come at once get different batches', () =>
    inQueue(async (client, queue) => {
      await call(client, 'register_subconsumer', queue, 'main', 'm0');
      await fill(client, queue, '0', '1', '2', '3');
      const opened = await Promise.all(
        [0, 1, 2, 3].map((nr) => db.client((other) => next(other, queue, `m${nr}`))),
      );
      const data = await Promise.all(opened.map((batch) => db.client((other) => read(other, batch))));
      expect(data.flat().sort()).toEqual(['0', '1', '2', '3']);
      await expect(db.client((other) => next(other, queue, 'm4'))).resolves.toBeNull();
    }));

  test('version', () => db.client(async (client) => expect(await call(client, 'version')).toMatch(/^3\./)));
});
