/** The lease store tries throttled calls again, reads nothing without need, and reports every other failure with its kind. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { createDynamoDbClient, DynamoDbLeaseStore } from '../../../lib/lease/dynamodb-store.ts';
import type { LocalDynamoDb } from '../../../lib/lease/local-dynamodb.ts';
import { handClock } from '../../support/hand-clock.ts';
import { leaseIn, leaseTable } from '../../support/lease-table.ts';

const skewMs = 60_000;
const leaseMs = 55_000;
let dynamo: LocalDynamoDb;
beforeAll(async () => {
  dynamo = await leaseTable();
});

/** A server in place of DynamoDB, which returns the answers of `answer`. */
async function withAnswers(
  answer: (request: number) => { status: number; body: object },
  work: (store: DynamoDbLeaseStore, requests: () => number) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const { status, body } = answer(++requests);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createDynamoDbClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'local',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  try {
    const store = new DynamoDbLeaseStore({ client, table: 'pgtide-lease', skewMs, clock: handClock() });
    await work(store, () => requests);
  } finally {
    client.destroy();
    server.close();
    server.closeAllConnections();
  }
}

const throttled = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'Rate exceeded' },
};

test('a throttled call is tried again', async () => {
  const acquired = {
    status: 200,
    body: { Attributes: { key: { S: 'k' }, owner: { S: 'me' }, epoch: { N: '7' }, until: { N: '8' } } },
  };
  await withAnswers(
    (request) => (request < 3 ? throttled : acquired),
    async (store, requests) => {
      expect(leaseIn(await store.acquire('k', 'me', leaseMs)).epoch).toBe(7n);
      expect(requests()).toBe(3);
    },
  );
});

test('a call that is always throttled fails after four attempts', async () => {
  await withAnswers(
    () => throttled,
    async (store, requests) => {
      await expect(store.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'busy' });
      expect(requests()).toBe(4);
    },
  );
});

test('if a condition fails, the item in the answer is used, without another read', async () => {
  const refused = {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { key: { S: 'k' }, owner: { S: 'other' }, epoch: { N: '7' }, until: { N: '1800000055000' } },
    },
  };
  await withAnswers(
    () => refused,
    async (store, requests) => {
      expect(await store.acquire('k', 'me', leaseMs)).toMatchObject({ kind: 'held', owner: 'other' });
      expect(requests()).toBe(1);
    },
  );
});

test('waking only writes: the roles that wake may not read', async () => {
  const refused = {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
    },
  };
  await withAnswers(
    () => refused,
    async (store, requests) => {
      await store.wake(['copy/q/new']);
      expect(requests()).toBe(1);
    },
  );
});

test('an unreachable DynamoDB, a missing table and a missing right each have their own error', async () => {
  const gone = new DynamoDbLeaseStore({
    client: createDynamoDbClient({
      endpoint: 'http://127.0.0.1:9',
      region: 'local',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    }),
    table: 'pgtide-lease',
    skewMs,
    clock: handClock(),
  });
  await expect(gone.acquire('k', 'me', leaseMs)).rejects.toMatchObject({
    kind: 'connection',
    message: expect.stringContaining('the lease table pgtide-lease cannot be reached: connect ECONNREFUSED'),
  });
  const missing = new DynamoDbLeaseStore({
    client: dynamo.client,
    table: 'other',
    skewMs,
    clock: handClock(),
  });
  await expect(missing.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'not-found' });
  const denied = {
    status: 400,
    body: { __type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException', message: 'not authorized' },
  };
  await withAnswers(
    () => denied,
    async (store) => {
      await expect(store.acquire('k', 'me', leaseMs)).rejects.toMatchObject({ kind: 'privilege' });
    },
  );
});
