/**
 * A consumer without a destination: a run that cannot go on, runs out of time, is killed or is overtaken loses no event, and the
 * next run goes on. An event that stops every run is put aside.
 */
import { beforeAll, expect, test } from 'vitest';
import { NotNow } from '../../lib/consumer/consumer-api.ts';
import { PgtideError } from '../../lib/errors.ts';
import { leaseKey } from '../../lib/lease/lease-store.ts';
import { type ConsumerWorld, consumerWorld, handClock } from '../support/consumer.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { numbers, queuesIn, readersIn } from './readers.ts';

let db: TestDatabase;
let world: ConsumerWorld;

beforeAll(async () => {
  db = await createDatabase(await postgres(15), { installed: true });
  world = await consumerWorld({ app: db });
});

const { queueWithReader, fill } = queuesIn(() => db);
const { eventReader } = readersIn(() => world);

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

test('the third "not now" in a row fails the invocation, but no event', async () => {
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

test('a server that cannot be reached does not fail the invocation, and the next run goes on', async () => {
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
  // The clock stands still, so that the test does not depend on the speed of the machine.
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

test('a handler whose time is over is aborted and counted; one that goes on is counted as well', async () => {
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
  // A function that dies reports nothing: its connections are gone.
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

test('without a lease, a run that is overtaken fails and does no harm', async () => {
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
