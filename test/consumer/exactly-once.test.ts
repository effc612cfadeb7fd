/**
 * A consumer that writes into PostgreSQL, exactly once: its writes and its position are one transaction. This holds
 * wherever a run dies, and whatever other runs do at the same time.
 */
import { beforeAll, expect, test } from 'vitest';
import {
  createConsumer,
  type Destination,
  NotNow,
  type QueueEvent,
} from '../../lib/consumer/consumer-api.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { type ConsumerWorld, consumerWorld, handClock, lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { numbers, queuesIn } from './readers.ts';

let source: TestDatabase;
let warehouse: TestDatabase;
let world: ConsumerWorld;

beforeAll(async () => {
  source = await createDatabase(await postgres(13), { installed: true });
  warehouse = await createDatabase(await postgres(17), { installed: true });
  world = await consumerWorld({ source, warehouse });
  await warehouse.client((client) =>
    client.query(
      'create table public.taken (queue text not null, data text not null, at text default current_schema)',
    ),
  );
});

const { queueWithReader, fill, bringBack } = queuesIn(() => source);

const taken = (queue: string) =>
  warehouse.client(async (client) => {
    const rows = await client.query<{ data: string }>(
      'select data from taken where queue = $1 order by data::int',
      [queue],
    );
    return rows.map(({ data }) => data);
  });

const take = (client: Destination, queue: string, { data }: QueueEvent) =>
  client.query('insert into taken (queue, data) values ($1, $2)', [queue, data]);

type Handle = (event: QueueEvent, client: Destination, signal: AbortSignal) => Promise<unknown>;

function reader(
  queue: string,
  handle: Handle,
  options: { maxEvents?: number; lease?: boolean; environment?: Environment } = {},
) {
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    node: 'source',
    exactlyOnce: { into: 'warehouse' },
    environment: world.environment,
    ...options,
    onEvent: async (event, { client, signal }) => {
      await take(client, queue, event);
      await handle(event, client, signal);
    },
  });
  return (remainingMs?: number) => handler({}, lambdaContext(remainingMs));
}

const nothing: Handle = async () => undefined;

const position = (queue: string) =>
  warehouse.client(async (client) => {
    const row = await client.first<{ tick: bigint | null }>('select pgq_ext.get_last_tick($1) as tick', [
      `${queue}.reader`,
    ]);
    return row?.tick ?? null;
  });

const sourcePosition = (queue: string) =>
  source.client(async (client) => {
    const row = await client.first<{ tick: bigint }>(
      `select last_tick as tick from pgq.get_consumer_info($1, 'reader')`,
      [queue],
    );
    return row?.tick ?? null;
  });

test('the position goes with the rows, and the settings are those of the role', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(3));
  expect(await reader(queue, nothing)()).toEqual({ outcome: 'applied', events: 3, failed: 0 });
  expect(await taken(queue)).toEqual(numbers(3));
  expect(await position(queue)).toBe(await sourcePosition(queue));
  const row = await warehouse.client((client) =>
    client.first<{ at: string }>('select at from taken limit 1'),
  );
  expect(row?.at).toBe('public');
});

test('an event that fails leaves no trace, and comes again later', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(5));
  let broken = true;
  const run = reader(queue, async ({ data }, client) => {
    if (data === '2' && broken) await client.query('select 1 / 0');
    if (data === '4' && broken) throw new Error('no');
  });
  expect(await run()).toEqual({ outcome: 'applied', events: 5, failed: 2 });
  expect(await taken(queue)).toEqual(['1', '3', '5']);
  broken = false;
  await bringBack(queue);
  expect(await run()).toMatchObject({ events: 2, failed: 0 });
  expect(await taken(queue)).toEqual(numbers(5));
});

test('a batch that fails as a whole is split, and every good event is taken once', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(10));
  const handler = createConsumer({
    queue,
    consumer: 'reader',
    node: 'source',
    exactlyOnce: { into: 'warehouse' },
    environment: world.environment,
    onBatch: async (events, { client }) => {
      for (const event of events) await take(client, queue, event);
      if (events.some(({ data }) => data === '6')) throw new Error('poison');
    },
  });
  expect(await handler({}, lambdaContext())).toMatchObject({ events: 10, failed: 1 });
  expect(await taken(queue)).toEqual(numbers(10).filter((data) => data !== '6'));
});

test('slices of a large tick are committed one by one, and the next run goes on after the last one', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(10));
  let away = true;
  const run = reader(
    queue,
    async ({ data }) => {
      if (data === '8' && away) throw new NotNow('later');
    },
    { maxEvents: 3 },
  );
  expect(await run()).toMatchObject({ outcome: 'waiting-for', events: 7 });
  expect(await taken(queue)).toEqual(numbers(7));
  away = false;
  expect(await run()).toMatchObject({ outcome: 'applied', events: 3 });
  expect(await taken(queue)).toEqual(numbers(10));
});

test('a run that dies before its commit has done nothing', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(4));
  let dying = true;
  const run = reader(queue, async ({ data }, client) => {
    if (data !== '3' || !dying) return;
    dying = false;
    const row = await client.first<{ pid: number }>('select pg_backend_pid() as pid');
    await warehouse.superuser((other) => other.query('select pg_terminate_backend($1)', [row?.pid]));
    await client.query('select 1');
  });
  expect(await run()).toMatchObject({ outcome: 'error' });
  expect(await taken(queue)).toEqual([]);
  expect(await run()).toMatchObject({ outcome: 'applied', events: 4, failed: 0 });
  expect(await taken(queue)).toEqual(numbers(4));
});

test('a run that dies between its commit and the queue is completed by the next, including its failed events', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(4));
  const before = await sourcePosition(queue);
  let broken = true;
  const run = reader(queue, async ({ data }) => {
    if (data === '2' && broken) throw new Error('no');
  });
  // The queue refuses to finish batches, as if the run had died before its request.
  const finishing = (name: string, to: string) =>
    source.client((client) => client.query(`alter function pgq.${name}(bigint) rename to ${to}`));
  await finishing('finish_batch', 'finish_batch_away');
  await expect(run()).rejects.toMatchObject({ kind: 'not-found' });
  expect(await taken(queue)).toEqual(['1', '3', '4']);
  expect(await sourcePosition(queue)).toBe(before);
  await finishing('finish_batch_away', 'finish_batch');
  expect(await run()).toMatchObject({ outcome: 'applied', events: 0 });
  expect(await sourcePosition(queue)).toBe(await position(queue));
  broken = false;
  await bringBack(queue);
  expect(await run()).toMatchObject({ events: 1 });
  expect(await taken(queue)).toEqual(numbers(4));
});

const secondWaits = () =>
  warehouse.superuser(async (client) => {
    const row = await client.first<{ waits: boolean }>(
      `select exists (select from pg_locks where locktype = 'advisory' and not granted
                         and database = (select oid from pg_database where datname = current_database())) as waits`,
    );
    return row?.waits;
  });

test('two runs at once without a lease: one of them is overtaken, and no event is taken twice', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(3));
  const second = reader(queue, nothing, { lease: false });
  let other: Promise<unknown> | undefined;
  const first = reader(
    queue,
    async ({ data }) => {
      if (data !== '1') return;
      other ??= second();
      await until('the second run waits for the first', secondWaits);
    },
    { lease: false },
  );
  const outcome = await first();
  const ended = [outcome, await other] as { outcome: string }[];
  expect(ended.map((response) => response.outcome).sort()).toEqual(['applied', 'error']);
  expect(await taken(queue)).toEqual(numbers(3));
  expect(await reader(queue, nothing)()).toMatchObject({ outcome: 'idle' });
});

test('a consumer that somebody moved is lost, and the remedy moves it back', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  const run = reader(queue, nothing);
  await run();
  const settled = await position(queue);
  const moveTo = (tick: bigint | null) =>
    source.client((client) =>
      client.query(`select pgq.register_consumer_at($1, 'reader', $2)`, [queue, tick]),
    );
  await moveTo(await fill(queue, ['2']));
  await fill(queue, ['3']);
  await expect(run()).rejects.toMatchObject({
    kind: 'lost-position',
    remedy: `if source still has that tick: pgtide queue reposition ${queue} reader --at ${settled}`,
  });
  await moveTo(settled);
  expect(await run()).toMatchObject({ outcome: 'applied', events: 2 });
  expect(await taken(queue)).toEqual(['1', '2', '3']);
});

test('a consumer that was unregistered begins again where its destination stands', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  const run = reader(queue, nothing);
  await run();
  await source.client((client) => client.query(`select pgq.unregister_consumer($1, 'reader')`, [queue]));
  await fill(queue, ['2']);
  expect(await run()).toMatchObject({ outcome: 'applied', events: 1 });
  expect(await taken(queue)).toEqual(['1', '2']);
});

test('a handler that ends the transaction itself fails the run', async () => {
  const queue = await queueWithReader();
  await fill(queue, numbers(2));
  const run = reader(queue, async (_event, client) => {
    await client.query('commit');
  });
  await expect(run()).rejects.toMatchObject({
    message: expect.stringContaining('has ended the transaction'),
  });
});

test('a client cannot be used after its event', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  let kept: Destination | undefined;
  await reader(queue, async (_event, client) => {
    kept = client;
  })();
  await expect(kept?.query('select 1')).rejects.toThrow('has ended');
});

test('a handler whose time is over cannot write any more, and nothing of it is committed', async () => {
  const queue = await queueWithReader();
  await fill(queue, ['1']);
  const late: unknown[] = [];
  const environment = { ...world.environment, clock: handClock() };
  const run = reader(
    queue,
    async (_event, client, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await client.query('select 1').catch((error: unknown) => late.push(error));
    },
    { environment },
  );
  expect(await run(7_000)).toEqual({ outcome: 'out-of-budget', events: 0, failed: 0 });
  expect(late).toMatchObject([{ message: expect.stringContaining('has ended') }]);
  expect(await taken(queue)).toEqual([]);
});
