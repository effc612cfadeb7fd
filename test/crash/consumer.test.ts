/**
 * An exactly-once consumer whose connections break at any request, on either side, before the request arrives or after it
 * is carried out. Its writes are there once, in the order of each key, and none is missing.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { createConsumer } from '../../lib/consumer/consumer-api.ts';
import { type ConsumerWorld, consumerWorld, lambdaContext } from '../support/consumer.ts';
import { openWire, type Wire } from '../support/crash-proxy.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { holds } from '../support/property.ts';
import { bringBackRetries, makeQueue, tickNow } from '../support/queue.ts';

let source: TestDatabase;
let destination: TestDatabase;
let wires: { source: Wire; destination: Wire };
let world: ConsumerWorld;

beforeAll(async () => {
  source = await createDatabase(await postgres(15), { installed: true });
  destination = await createDatabase(await postgres(17), { installed: true });
  wires = { source: await openWire(source.target), destination: await openWire(destination.target) };
  world = await consumerWorld({
    source: through(source, wires.source),
    destination: through(destination, wires.destination),
  });
  await destination.client((client) =>
    client.query('create table public.taken (queue text not null, data int not null)'),
  );
});

function through(database: TestDatabase, { target }: Wire): TestDatabase {
  const url = new URL(database.url);
  url.hostname = target.host;
  url.port = String(target.port);
  return { ...database, url: url.href };
}

const EVENTS = 12;

/** Twelve events in two batches, the first of them in slices. */
function newQueue(): Promise<string> {
  return source.client(async (client) => {
    const queue = await makeQueue(client);
    await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
    for (const [from, to] of [
      [1, 8],
      [9, EVENTS],
    ]) {
      await client.query(
        `select pgq.insert_event($1, 'n', g::text) from generate_series($2::int, $3::int) g`,
        [queue, from, to],
      );
      await tickNow(client, queue);
    }
    return queue;
  });
}

const bringBack = (queue: string) => source.client((client) => bringBackRetries(client, queue));

const taken = (queue: string) =>
  destination.client(async (client) => {
    const rows = await client.query<{ data: number }>(
      'select data from taken where queue = $1 order by data',
      [queue],
    );
    return rows.map(({ data }) => data);
  });

const faults = fc.record({
  side: fc.constantFrom('source' as const, 'destination' as const),
  how: fc.constantFrom('before' as const, 'after' as const),
  nr: fc.integer({ min: 1, max: 60 }),
  failing: fc.uniqueArray(fc.integer({ min: 1, max: EVENTS }), { maxLength: 3 }),
  batches: fc.boolean(),
});

test('every event is processed once, wherever the connection breaks', async () => {
  let struck = 0;
  await holds(
    fc.asyncProperty(faults, async ({ side, how, nr, failing, batches }) => {
      const queue = await newQueue();
      const failed = new Set<number>();
      const take = async (
        client: { query(text: string, values: unknown[]): Promise<unknown> },
        data: string | null,
      ) => {
        await client.query('insert into taken values ($1, $2)', [queue, data]);
        const value = Number(data);
        if (failing.includes(value) && !failed.has(value)) throw new Error('this time');
      };
      const common = {
        queue,
        consumer: 'reader',
        node: 'source',
        exactlyOnce: { into: 'destination' },
        maxEvents: 3,
        retry: { max: 100 },
        environment: world.environment,
      };
      const handler = batches
        ? createConsumer({
            ...common,
            onBatch: async (events, { client }) => {
              for (const { data } of events) await take(client, data);
            },
          })
        : createConsumer({ ...common, onEvent: (event, { client }) => take(client, event.data) });
      wires[side].arm({ at: (_request, counted) => counted === nr, how });
      for (let runs = 0; runs < 8; runs += 1) {
        const { outcome } = await handler({}, lambdaContext());
        for (const value of failing) failed.add(value);
        if (outcome === 'idle' && (await bringBack(queue)) === 0) break;
      }
      if (wires[side].struck) struck += 1;
      expect(await taken(queue)).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1));
    }),
    25,
  );
  expect(struck).toBeGreaterThan(5);
});
