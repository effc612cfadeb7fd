/**
 * A consumer without a destination, at least once: every event is handled in order. An event that fails comes again later, and
 * becomes a dead letter after its last retry.
 */
import { beforeAll, expect, test } from 'vitest';
import { createConsumer, type QueueEvent } from '../../lib/consumer/consumer-api.ts';
import { type ConsumerWorld, consumerWorld, lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { makeQueue, tickNow } from '../support/queue.ts';
import { numbers, queuesIn, readersIn } from './readers.ts';

let db: TestDatabase;
let world: ConsumerWorld;

beforeAll(async () => {
  db = await createDatabase(await postgres(15), { installed: true });
  world = await consumerWorld({ app: db });
});

const { queueWithReader, fill, bringBack } = queuesIn(() => db);
const { eventReader, batchReader } = readersIn(() => world);

const consumerInfo = (queue: string) =>
  db.client((client) =>
    client.first<{ pending: bigint; batch: bigint | null }>(
      `select pending_events as pending, current_batch as batch from pgq.get_consumer_info($1, 'reader')`,
      [queue],
    ),
  );

test('the first run registers the consumer, which gets the events after that', async () => {
  const queue = await db.client((client) => makeQueue(client));
  await fill(queue, ['before']);
  const { seen, run } = eventReader(queue);
  expect(await run()).toEqual({ outcome: 'idle', events: 0, failed: 0 });
  await fill(queue, ['one', 'two']);
  expect(await run()).toEqual({ outcome: 'applied', events: 2, failed: 0 });
  expect(seen).toEqual(['one', 'two']);
  expect(await run()).toMatchObject({ outcome: 'idle' });
});

test('if registration is required, a run without it fails and says what to run', async () => {
  const queue = await db.client((client) => makeQueue(client));
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    register: false,
    environment: world.environment,
    onEvent: () => undefined,
  });
  await expect(handler({}, lambdaContext())).rejects.toMatchObject({
    kind: 'state',
    remedy: `run: pgtide queue register ${queue} reader`,
  });
});

test('events have all fields, with their types', async () => {
  const queue = await queueWithReader();
  await db.client(async (client) => {
    await client.query(`select pgq.insert_event($1, 'kind', 'dätä', 'a', null, '', 'tab\t"')`, [queue]);
    await tickNow(client, queue);
  });
  const events: QueueEvent[] = [];
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    environment: world.environment,
    onEvent: (event) => void events.push(event),
  });
  await handler({}, lambdaContext());
  const [event] = events;
  expect(event).toEqual({
    id: expect.any(BigInt),
    time: expect.any(Date),
    txid: expect.any(BigInt),
    retry: null,
    type: 'kind',
    data: 'dätä',
    extra1: 'a',
    extra2: null,
    extra3: '',
    extra4: 'tab\t"',
  });
});

test('one invocation takes batch after batch, in slices, and leaves one line in the log', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(120));
  await fill(queue, ['last']);
  const sizes: number[] = [];
  const all: string[] = [];
  const run = batchReader(
    queue,
    (events) => {
      sizes.push(events.length);
      all.push(...events);
    },
    { maxEvents: 50 },
  );
  world.lines.length = 0;
  expect(await run()).toMatchObject({ outcome: 'applied', events: 121 });
  expect(all).toEqual([...numbers(120), 'last']);
  expect(sizes).toEqual([50, 50, 20, 1]);
  expect(world.lines).toHaveLength(1);
  expect(world.lines[0]).toMatchObject({
    unit: 'consume',
    queue,
    node: 'app',
    consumer: 'reader',
    outcome: 'applied',
    counts: { events: 121, batches: 2 },
  });
});

test('large events make small slices', async () => {
  const queue = await queueWithReader();
  await fill(
    queue,
    ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000)),
  );
  const sizes: number[] = [];
  const run = batchReader(queue, (events) => void sizes.push(events.length), { maxBytes: 250_000 });
  expect(await run()).toMatchObject({ events: 4 });
  expect(sizes).toEqual([2, 2]);
});

test('an event that fails comes again, while the others go on', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(5));
  let broken = true;
  const { seen, run } = eventReader(queue, (data) => {
    if (data === '3' && broken) throw new Error('no such address: postgres://me:hunter2@host/');
  });
  world.lines.length = 0;
  expect(await run()).toEqual({ outcome: 'applied', events: 5, failed: 1 });
  expect(seen).toEqual(['1', '2', '4', '5']);
  expect(world.lines[0]).toMatchObject({
    counts: { failed: 1, retried: 1 },
    failures: [{ reason: 'no such address: postgres://me:***@host/' }],
  });
  expect(await run()).toMatchObject({ outcome: 'idle' });
  broken = false;
  expect(await bringBack(queue)).toBe(1);
  expect(await run()).toMatchObject({ events: 1, failed: 0 });
  expect(seen.at(-1)).toBe('3');
});

test('an event that fails every time becomes a dead letter with its reason after the configured number of retries', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['bad', 'good']);
  let tries = 0;
  const { seen, run } = eventReader(
    queue,
    (data) => {
      if (data !== 'bad') return;
      tries += 1;
      throw new Error(`try ${tries}`);
    },
    { retry: { seconds: 1, max: 2 } },
  );
  await run();
  for (const again of [1, 2]) {
    expect(await bringBack(queue), `retry ${again}`).toBe(1);
    await run();
  }
  expect(await bringBack(queue)).toBe(0);
  expect(seen).toEqual(['good']);
  const letters = await db.client((client) =>
    client.query('select * from pgtide.dead_letters($1, $2)', [queue, 'reader']),
  );
  expect(letters).toMatchObject([{ ev_data: 'bad', ev_retry: 2, reason: 'try 3' }]);
});

test('if all events of a large batch fail, all of them come again', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(300));
  let broken = true;
  const { seen, run } = eventReader(queue, () => {
    if (broken) throw new Error('no');
  });
  expect(await run()).toMatchObject({ events: 300, failed: 300 });
  broken = false;
  while ((await bringBack(queue)) > 0);
  await run();
  expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(300));
});

test('if a batch fails, only the events that fail alone come again', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(20));
  const handled: string[] = [];
  const run = batchReader(queue, (events) => {
    if (events.includes('7') || events.includes('16')) throw new Error('poison');
    handled.push(...events);
  });
  expect(await run()).toMatchObject({ outcome: 'applied', events: 20, failed: 2 });
  expect(handled.map(Number)).toEqual(
    numbers(20)
      .map(Number)
      .filter((n) => n !== 7 && n !== 16),
  );
  expect(await consumerInfo(queue)).toMatchObject({ batch: null, pending: 0n });
});
