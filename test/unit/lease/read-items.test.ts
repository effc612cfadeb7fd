/**
 * A table that is short of capacity answers a part of a request and names the rest. The missing items must not look like
 * work that was never done, rests or fails.
 */
import { type BatchGetItemCommandOutput, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createDynamoDbClient, DynamoDbLeaseStore } from '../../../lib/lease/dynamodb-store.ts';
import { leaseTable } from '../../support/lease-table.ts';

const now = 1_800_000_000_000;
const clock = { now: () => now };
const keys = Array.from({ length: 230 }, (_, nr) => `replay/q${nr}/leaf`);

/** The items of `keys`, in a table that answers at most a given number in each request, from its `from`th request on. */
async function shortTable(most: number) {
  const dynamo = await leaseTable();
  const { endpoint, table } = dynamo;
  const store = dynamo.store({ clock });
  for (const [nr, key] of keys.entries()) await store.note?.(key, { next: String(nr) });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = createDynamoDbClient({ endpoint, region: 'local', credentials });
  let requests = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      requests += 1;
      const answered = await next(args);
      const output = answered.output as BatchGetItemCommandOutput;
      const items = output.Responses?.[table] ?? [];
      const leftOut = items.slice(most).map(({ key }) => ({ key: key ?? { S: '' } }));
      output.Responses = { [table]: items.slice(0, most) };
      output.UnprocessedKeys = leftOut.length > 0 ? { [table]: { Keys: leftOut } } : {};
      return answered;
    },
    { step: 'initialize' },
  );
  return {
    short: new DynamoDbLeaseStore({ client, table, skewMs: 0, clock }),
    requests: () => requests,
  };
}

test('items that a request leaves out are requested again, until all are there', async () => {
  const { short, requests } = await shortTable(40);
  const states = await short.states(keys);
  expect([...states].map(([key, { next }]) => [key, next]).toSorted()).toEqual(
    keys.map((key, nr) => [key, String(nr)]).toSorted(),
  );
  expect(requests()).toBeGreaterThan(3);
  expect((await short.states([...keys.slice(0, 3), 'never/taken/yet'])).size).toBe(3);
});

test('a table that answers nothing is given up after some requests, with an error that says how much is missing', async () => {
  const { short, requests } = await shortTable(0);
  await expect(short.states(keys.slice(0, 5))).rejects.toMatchObject({
    kind: 'busy',
    message: 'lease table pgtide-lease: 5 of 5 items could not be read in 6 attempts',
  });
  expect(requests()).toBe(6);
});

test('notes are kept beside a lease, and neither touches the other', async () => {
  const store = (await leaseTable()).store({ clock });
  const key = 'replay/shop/new';
  const trouble = {
    kind: 'busy',
    what: 'a lock',
    remedy: 'wait',
    operator: false,
    runs: 2,
    since: now,
    skipUntil: 0,
  };
  await store.note?.(key, { trouble });
  const taken = await store.acquire(key, 'me', 1_000);
  expect(taken.kind).toBe('acquired');
  expect((await store.states([key])).get(key)).toMatchObject({ lastServed: now, trouble });
  if (taken.kind === 'acquired') await store.release(taken.lease, new Date(now + 1));
  expect((await store.states([key])).get(key)).toMatchObject({ restUntil: now + 1, trouble });
  await store.note?.(key, { trouble: null });
  expect((await store.states([key])).get(key)).toEqual({ lastServed: now, restUntil: now + 1 });
});

test('a note that cannot be read hides no other', async () => {
  const dynamo = await leaseTable();
  const store = dynamo.store({ clock });
  const trouble = {
    kind: 'busy',
    what: 'a lock',
    remedy: '',
    operator: false,
    runs: 1,
    since: now,
    skipUntil: 0,
  };
  await store.note?.('good', { trouble });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = createDynamoDbClient({ endpoint: dynamo.endpoint, region: 'local', credentials });
  for (const [key, note] of Object.entries({ cut: '{"kind": "bu', empty: '', nothing: 'null', other: '7' }))
    await client.send(
      new PutItemCommand({ TableName: dynamo.table, Item: { key: { S: key }, trouble: { S: note } } }),
    );
  const states = await store.states(['good', 'cut', 'empty', 'nothing', 'other']);
  expect([...states].filter((state) => state[1].trouble).map(([key]) => key)).toEqual(['good']);
  expect(states.get('good')).toMatchObject({ trouble });
});
