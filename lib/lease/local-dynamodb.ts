import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../clock.ts';
import { PgtideError } from '../errors.ts';
import { createDynamoDbClient, DynamoDbLeaseStore } from './dynamodb-store.ts';
import type { LeaseStore } from './lease-store.ts';

export interface LocalDynamoDb {
  readonly endpoint: string;
  readonly table: string;
  readonly client: DynamoDBClient;
  /** Returns a store over this server. Any number of stores can be opened, each with a separate clock and margin. */
  store(options?: { clock?: Clock; skewMs?: number }): LeaseStore;
  stop(): Promise<void>;
}

/** Accepted by dynalite, which checks no signatures. */
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * DynamoDB's API in this process, on a loopback port, with the lease table created. In memory unless `path` is given.
 */
export async function startLocalDynamoDb(
  options: { table?: string; path?: string } = {},
): Promise<LocalDynamoDb> {
  const table = options.table ?? 'pgtide-lease';
  const dynalite = await loadDynalite();
  const server = dynalite({ createTableMs: 0, ...(options.path ? { path: options.path } : {}) });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // Does not keep the process alive.
  server.unref();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createDynamoDbClient({ endpoint, region: 'local', credentials });
  await createLeaseTable(client, table);
  return {
    endpoint,
    table,
    client,
    store: ({ clock = systemClock, skewMs = 60_000 } = {}) =>
      new DynamoDbLeaseStore({ client, table, clock, skewMs }),
    async stop() {
      client.destroy();
      server.closeIdleConnections();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** dynalite is an optional peer dependency: functions and consumers on AWS do without it. */
export const DYNALITE_PACKAGE = 'dynalite@4';

export function hasDynalite(): boolean {
  try {
    createRequire(import.meta.url).resolve('dynalite');
    return true;
  } catch {
    return false;
  }
}

async function loadDynalite() {
  if (!hasDynalite())
    throw new PgtideError('not-found', 'the lease table of this machine needs the npm package dynalite', {
      remedy: `npm install ${DYNALITE_PACKAGE}`,
    });
  return (await import('dynalite')).default;
}

async function createLeaseTable(client: DynamoDBClient, table: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  } catch (error) {
    // A persistent folder has the table from an earlier run.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await pause(1);
  }
}
