/** Least privilege: on an open queue a consumer needs pgq_reader on the queue's side, and on the destination's; a producer pgq_writer. */
import { beforeAll, expect, test } from 'vitest';
import { createConsumer, produce, produceBulk } from '../../lib/consumer/consumer-api.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { type ConsumerWorld, consumerWorld, lambdaContext } from '../support/consumer.ts';
import { createDatabase, createRole, ownServer, type TestDatabase } from '../support/database.ts';
import { tickNow } from '../support/queue.ts';

let db: TestDatabase;
let world: ConsumerWorld;
let writer: { url: string };

/** The same database as another role. */
const as = (role: string): TestDatabase => ({ ...db, url: db.url.replace('://queue_owner:', `://${role}:`) });

beforeAll(async () => {
  const server = await ownServer({ version: 15 });
  db = await createDatabase(server, { owner: 'queue_owner' });
  for (const role of ['reads', 'writes']) await createRole(server, role);
  await db.superuser((client) =>
    client.query(`create role pgq_reader; create role pgq_writer; create role pgq_admin;
      grant pgq_reader to reads; grant pgq_writer to writes`),
  );
  await db.client(async (client) => {
    await install(client);
    await client.query(`select pgq.create_queue('mail')`);
    await client.query('create table public.taken (data text); grant insert on public.taken to reads');
  });
  world = await consumerWorld({ app: as('reads') });
  writer = { url: as('writes').url };
});

const tick = () => db.client((client) => tickNow(client, 'mail'));

test('at least once, with slices, failures and dead letters', async () => {
  const seen: string[] = [];
  const handler = createConsumer({
    queue: 'mail',
    consumer: 'plain',
    maxEvents: 15,
    retry: { max: 0 },
    environment: world.environment,
    onEvent: ({ data }) => {
      if (data === '7') throw new Error('no');
      seen.push(data ?? '');
    },
  });
  expect(await handler({}, lambdaContext())).toMatchObject({ outcome: 'idle' });
  const events = Array.from({ length: 20 }, (_, index) => ({ type: 'n', data: String(index) }));
  await produce(writer, 'mail', events);
  expect(await produceBulk(writer, 'mail', events.slice(0, 2))).toBe(2);
  await tick();
  expect(await handler({}, lambdaContext()), JSON.stringify(world.lines)).toMatchObject({
    events: 22,
    failed: 1,
  });
  expect(seen).toHaveLength(21);
  const letters = await db.client((client) => client.query(`select * from pgtide.dead_letters('mail')`));
  expect(letters).toMatchObject([{ consumer_name: 'plain', ev_data: '7', reason: 'no' }]);
});

test('many retries at once', async () => {
  const handler = createConsumer({
    queue: 'mail',
    consumer: 'retrying',
    environment: world.environment,
    onBatch: () => {
      throw new Error('no');
    },
  });
  await handler({}, lambdaContext());
  await produce(
    writer,
    'mail',
    Array.from({ length: 20 }, (_, index) => ({ type: 'n', data: String(index) })),
  );
  await tick();
  expect(await handler({}, lambdaContext())).toMatchObject({ outcome: 'applied', events: 20, failed: 20 });
});

test('exactly once', async () => {
  const handler = createConsumer({
    queue: 'mail',
    consumer: 'exact',
    exactlyOnce: { into: 'app' },
    environment: world.environment,
    onEvent: async ({ data }, { client }) => {
      await client.query('insert into taken values ($1)', [data]);
      if (data === 'b') throw new Error('no');
    },
  });
  await handler({}, lambdaContext());
  await produce(writer, 'mail', [
    { type: 'x', data: 'a' },
    { type: 'x', data: 'b' },
  ]);
  await tick();
  expect(await handler({}, lambdaContext())).toMatchObject({ outcome: 'applied', events: 2, failed: 1 });
  expect(await db.client((client) => client.query('select data from taken'))).toEqual([{ data: 'a' }]);
});
