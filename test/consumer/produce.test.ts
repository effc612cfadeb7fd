/** Inserting events: in the caller's transaction, all or none, and any number of them by COPY, in constant memory. */
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { type NewEvent, parseChange, produce, produceBulk } from '../../lib/consumer/consumer-api.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { consume, makeQueue, type QueueEvent, tickNow } from '../support/queue.ts';

let db: TestDatabase;
let queue: string;

beforeAll(async () => {
  db = await createDatabase(await postgres(10), { installed: true });
  queue = await db.client(async (client) => {
    const made = await makeQueue(client);
    await client.query(`select pgq.register_consumer($1, 'reader')`, [made]);
    return made;
  });
});

const arrived = (): Promise<QueueEvent[]> =>
  db.client(async (client) => {
    await tickNow(client, queue);
    return consume(client, queue, 'reader');
  });

test('events get ids in order, and data other than text becomes JSON', async () => {
  const ids = await produce({ url: db.url }, queue, [
    { type: 'a', data: 'plain', extra1: 'x', extra4: '' },
    { type: 'b', data: { name: 'Ünï', list: [1, null] } },
    { type: 'c', data: null },
  ]);
  const events = await arrived();
  expect(events.map(({ ev_id }) => ev_id)).toEqual(ids);
  expect(events).toMatchObject([
    { ev_type: 'a', ev_data: 'plain', ev_extra1: 'x', ev_extra2: null, ev_extra4: '' },
    { ev_type: 'b', ev_data: '{"name":"Ünï","list":[1,null]}' },
    { ev_type: 'c', ev_data: null },
  ]);
});

test("with a client of pg the events belong to the application's transaction", async () => {
  const app = new pg.Client({ connectionString: db.url });
  await app.connect();
  await app.query('begin');
  await produce(app, queue, { type: 'lost', data: 'x' });
  await app.query('rollback');
  await app.query('begin');
  const [id] = await produce(app, queue, { type: 'kept', data: 'y' });
  await app.query('commit');
  await app.end();
  expect(await arrived()).toMatchObject([{ ev_id: id, ev_type: 'kept' }]);
});

test('an unknown queue is an error that names it', async () => {
  await expect(produce({ url: db.url }, 'nowhere', { type: 'a', data: '' })).rejects.toMatchObject({
    kind: 'not-found',
    message: expect.stringContaining('nowhere'),
  });
  await expect(produceBulk({ url: db.url }, 'nowhere', [])).rejects.toMatchObject({ kind: 'not-found' });
});

test('bulk: every character survives COPY', async () => {
  const hostile = ['tab\t', 'line\nline\r', '\\', '\\N', '\\.', '', '"\'', 'ä€😀', '\u2028'];
  const made = await produceBulk(
    { url: db.url },
    queue,
    hostile.map((text) => ({ type: text, data: text, extra2: text })),
  );
  expect(made).toBe(hostile.length);
  const events = await arrived();
  for (const field of ['ev_type', 'ev_data', 'ev_extra2'] as const)
    expect(events.map((event) => event[field])).toEqual(hostile);
  expect(events.every(({ ev_extra1, ev_time }) => ev_extra1 === null && ev_time instanceof Date)).toBe(true);
});

test('bulk: the source is read only as fast as the server accepts', async () => {
  let ahead = 0;
  async function* endless(): AsyncGenerator<NewEvent> {
    for (let made = 0; made < 20_000; made += 1) {
      ahead = made;
      yield { type: 'n', data: 'x'.repeat(5_000) };
    }
  }
  // Another session keeps COPY waiting at its first row.
  await using locker = await db.open();
  await locker.client.query('begin');
  const table = await locker.client.first<{ name: string }>('select pgq.current_event_table($1) as name', [
    queue,
  ]);
  await locker.client.query(`lock table ${table?.name} in share mode`);
  const copying = produceBulk({ url: db.url }, queue, endless());
  let seen = -1;
  for (let calm = 0; calm < 10; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    calm = ahead === seen ? calm + 1 : 0;
    seen = ahead;
  }
  expect(ahead).toBeLessThan(10_000);
  await locker.client.query('rollback');
  expect(await copying).toBe(20_000);
  expect(await arrived()).toHaveLength(20_000);
});

test('bulk: a source that fails inserts no event, and its error is thrown', async () => {
  async function* broken(): AsyncGenerator<NewEvent> {
    for (let made = 0; made < 2_000; made += 1) yield { type: 'n', data: String(made) };
    throw new RangeError('the file ends here');
  }
  await expect(produceBulk({ url: db.url }, queue, broken())).rejects.toThrow(
    new RangeError('the file ends here'),
  );
  expect(await arrived()).toEqual([]);
});

test('a change of a row is read from its event, with numbers that JavaScript cannot hold as text', () => {
  const event = {
    id: 1n,
    type: '{"op":"UPDATE","table":["public","orders"],"pkey":["id"]}',
    data: '{"id":9007199254740993,"price":12.50,"note":"no 12345678901234567890","ok":true,"at":null,"tags":[-1,1e3]}',
    extra1: 'public.orders',
    extra2: '{"id":9007199254740993,"price":0.1}',
  };
  expect(parseChange(event)).toEqual({
    op: 'UPDATE',
    schema: 'public',
    table: 'orders',
    key: ['id'],
    row: {
      id: '9007199254740993',
      price: 12.5,
      note: 'no 12345678901234567890',
      ok: true,
      at: null,
      tags: [-1, 1000],
    },
    old: { id: '9007199254740993', price: 0.1 },
  });
  expect(parseChange({ ...event, type: 'R', data: '', extra2: null })).toEqual({
    op: 'TRUNCATE',
    schema: 'public',
    table: 'orders',
    key: [],
    row: {},
    old: null,
  });
  expect(parseChange({ ...event, type: 'sign-up' })).toBeUndefined();
  expect(() => parseChange({ ...event, data: '{' })).toThrow('event 1: ');
});
