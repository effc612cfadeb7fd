/**
 * A consumer of somebody's own, at least once: every event is handled in order, also when the function dies; what fails
 * comes again later and not for ever; and an invocation ends in time.
 */
import { beforeAll, expect, test } from 'vitest';
import {
  createConsumer,
  type Environment,
  type Handling,
  NotNow,
  type QueueEvent,
} from '../../lib/consumer/consumer-api.ts';
import { PgtideError } from '../../lib/errors.ts';
import { leaseKey } from '../../lib/lease/lease-store.ts';
import { type ConsumerWorld, consumerWorld, handClock, lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { bringBackRetries, insertEvents, makeQueue, tickNow } from '../support/queue.ts';

let db: TestDatabase;
let world: ConsumerWorld;

beforeAll(async () => {
  db = await createDatabase(await postgres(15), { installed: true });
  world = await consumerWorld({ app: db });
});

/** A queue with a registered consumer `reader`. */
async function queueWithReader(): Promise<string> {
  return db.client(async (client) => {
    const queue = await makeQueue(client);
    await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
    return queue;
  });
}

const fill = (queue: string, texts: readonly string[]) =>
  db.client((client) => insertEvents(client, queue, texts));
const bringBack = (queue: string) => db.client((client) => bringBackRetries(client, queue));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

interface Options {
  environment?: Environment;
  maxEvents?: number;
  maxBytes?: number;
  retry?: { seconds?: number; max?: number };
  lease?: boolean;
}

/** A consumer that takes each event by itself; what it has handled is in `seen`. */
function eventReader(
  queue: string,
  handle: (data: string, handling: Handling) => Promise<void> | void = () => undefined,
  options: Options = {},
) {
  const seen: string[] = [];
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    environment: world.environment,
    ...options,
    onEvent: async (event, handling) => {
      await handle(event.data ?? '', handling);
      seen.push(event.data ?? '');
    },
  });
  return { seen, run: (remainingMs?: number) => handler({}, lambdaContext(remainingMs)) };
}

function batchReader(
  queue: string,
  handle: (events: readonly string[]) => Promise<void> | void,
  options: Options = {},
) {
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    environment: world.environment,
    ...options,
    onBatch: (events) => handle(events.map(({ data }) => data ?? '')),
  });
  return (remainingMs?: number) => handler({}, lambdaContext(remainingMs));
}

const consumerInfo = (queue: string) =>
  db.client((client) =>
    client.first<{ pending: bigint; batch: bigint | null }>(
      `select pending_events as pending, current_batch as batch from pgq.get_consumer_info($1, 'reader')`,
      [queue],
    ),
  );

test('the first run registers the consumer, which sees what is made from there on', async () => {
  const queue = await db.client((client) => makeQueue(client));
  await fill(queue, ['before']);
  const { seen, run } = eventReader(queue);
  expect(await run()).toEqual({ outcome: 'idle', events: 0, failed: 0 });
  await fill(queue, ['one', 'two']);
  expect(await run()).toEqual({ outcome: 'applied', events: 2, failed: 0 });
  expect(seen).toEqual(['one', 'two']);
  expect(await run()).toMatchObject({ outcome: 'idle' });
});

test('where registration is required, its lack fails the invocation and says what to run', async () => {
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

test('events come typed, with every field', async () => {
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

test('an event that fails for good becomes a dead letter with its reason, after as many retries as the consumer grants', async () => {
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

test('all of a large batch fails, and all of it comes again', async () => {
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

test('of a batch that fails only the events that fail alone come again', async () => {
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

test('a consumer that says "not now" ends the run, fails no event, and goes on with the same one', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(4));
  let away = true;
  const { seen, run } = eventReader(queue, (data) => {
    if (data === '3' && away) throw new NotNow('the mail server is down');
  });
  expect(await run()).toEqual({ outcome: 'waiting-for', events: 2, failed: 0 });
  expect(await run()).toEqual({ outcome: 'waiting-for', events: 0, failed: 0 });
  away = false;
  expect(await run()).toEqual({ outcome: 'applied', events: 2, failed: 0 });
  expect(seen).toEqual(['1', '2', '3', '4']);
});

test('a consumer that says nothing but "not now" fails the third invocation in a row, and no event', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  let ready = false;
  const { seen, run } = eventReader(queue, () => {
    if (!ready) throw new NotNow('the mail server is down');
  });
  for (const outcome of ['waiting-for', 'waiting-for']) expect(await run()).toMatchObject({ outcome });
  await expect(run()).rejects.toThrow(
    `${queue}/reader: the handler is not ready: the mail server is down; 3 runs in a row have ended so`,
  );
  ready = true;
  expect(await run()).toEqual({ outcome: 'applied', events: 1, failed: 0 });
  expect(seen).toEqual(['1']);
});

test('a server that is out of reach is not an error: the run ends normally and the next one goes on', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(3));
  let away = true;
  const { seen, run } = eventReader(queue, (data) => {
    if (data === '2' && away) throw new PgtideError('connection', 'gone');
  });
  expect(await run()).toMatchObject({ outcome: 'error' });
  away = false;
  expect(await run()).toMatchObject({ outcome: 'applied', events: 2 });
  expect(seen).toEqual(['1', '2', '3']);
});

test('a run that is out of time keeps what it has done', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(5));
  const clock = handClock();
  const left: number[] = [];
  const { seen, run } = eventReader(
    queue,
    (_data, handling) => {
      left.push(Math.round(handling.remainingMs() / 1000));
      clock.advance(20_000);
    },
    { environment: { ...world.environment, clock } },
  );
  expect(await run()).toEqual({ outcome: 'out-of-budget', events: 3, failed: 0 });
  expect(left).toEqual([54, 34, 14]);
  expect(await run()).toEqual({ outcome: 'applied', events: 2, failed: 0 });
  expect(seen).toEqual(numbers(5));
});

test('an event whose handler never ends stops one run; the next one puts it aside and goes on', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(3));
  // Time stands still for everything else, so that a slow machine changes nothing.
  const environment = { ...world.environment, clock: handClock() };
  const { seen, run } = eventReader(
    queue,
    (data) => (data === '1' ? new Promise<void>(() => undefined) : undefined),
    { environment },
  );
  expect(await run(7_000)).toEqual({ outcome: 'out-of-budget', events: 0, failed: 0 });
  expect(await run(7_000)).toEqual({ outcome: 'applied', events: 3, failed: 1 });
  expect(seen).toEqual(['2', '3']);
});

test('a handler whose time is over is asked to end, and counted; one that goes on is counted as well', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  const environment = { ...world.environment, clock: handClock() };
  const reasons: string[] = [];
  const ended = eventReader(
    queue,
    (_data, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push((signal.reason as Error).message);
          reject(signal.reason);
        });
      }),
    { environment },
  );
  expect(await ended.run(7_000)).toEqual({ outcome: 'out-of-budget', events: 0, failed: 0 });
  expect(reasons).toEqual(['the handler did not end in time']);
  expect(world.lines.at(-1)).toMatchObject({ counts: { handlersCutOff: 1 } });
  expect(world.lines.at(-1)?.counts).not.toHaveProperty('handlersStillRunning');

  const signals: AbortSignal[] = [];
  const deaf = eventReader(
    queue,
    (_data, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    },
    { environment },
  );
  expect(await deaf.run(7_000)).toEqual({ outcome: 'applied', events: 1, failed: 1 });
  expect(world.lines.at(-1)).toMatchObject({ counts: { handlersCutOff: 1, handlersStillRunning: 1 } });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);

  await fill(queue, ['2']);
  const { run } = eventReader(queue, (_data, { signal }) => void signals.push(signal), { environment });
  expect(await run()).toEqual({ outcome: 'applied', events: 1, failed: 0 });
  expect(signals.at(-1)?.aborted).toBe(false);
  expect(world.lines.at(-1)?.counts).not.toHaveProperty('handlersCutOff');
});

test('an event that kills the function is found, and is put aside in the third run', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(4));
  // Nothing more is heard of a function that dies: its connections go without a word.
  const deaths: string[] = [];
  const seen: string[] = [];
  const die = async (data: string) => {
    deaths.push(data);
    await db.superuser((client) =>
      client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'pgtide consume ${queue} reader'`,
      ),
    );
    await new Promise(() => undefined);
  };
  const handle = async (data: string) => {
    if (data === '3') await die(data);
    seen.push(data);
  };
  const environment = { ...world.environment, clock: handClock() };
  const { run } = eventReader(queue, handle, { environment });
  expect(await run(7_000)).toMatchObject({ outcome: 'error' });
  expect(await run(7_000)).toMatchObject({ outcome: 'error' });
  expect(await run()).toMatchObject({ outcome: 'applied', events: 2, failed: 1 });
  expect(deaths).toEqual(['3', '3']);
  expect(seen).toEqual(['1', '2', '1', '2', '4']);
});

test('two runs at once: the lease gives the work to one of them', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['only']);
  const { seen, run } = eventReader(queue);
  const taken = await world.leaseStore.acquire(leaseKey('consume', queue, 'app/reader'), 'another', 60_000);
  if (taken.kind !== 'acquired') throw new Error('the lease should be free');
  expect(await run()).toMatchObject({ outcome: 'lease-held', events: 0 });
  await world.leaseStore.release(taken.lease);
  expect(await run()).toMatchObject({ outcome: 'applied', events: 1 });
  expect(seen).toEqual(['only']);
});

test('without a lease the run that comes second ends without harm', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['a', 'b']);
  const second = eventReader(queue, undefined, { lease: false });
  const first = eventReader(
    queue,
    async (data) => {
      if (data === 'a') await second.run();
    },
    { lease: false },
  );
  expect(await first.run()).toMatchObject({ outcome: 'error' });
  expect(second.seen).toEqual(['a', 'b']);
  expect(await first.run()).toMatchObject({ outcome: 'idle' });
});
