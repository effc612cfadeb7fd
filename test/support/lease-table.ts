import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { onFileEnd } from './file-scope.ts';

export interface LeaseTable {
  readonly tableName: string;
  readonly endpoint: string;
  /** For a client of one's own, or for the environment of another process. */
  readonly clientConfig: DynamoDBClientConfig;
  readonly client: DynamoDBClient;
  /** DynamoDB is gone from now on. */
  stop(): Promise<void>;
}

/** DynamoDB's API in this process, on a free port, with an empty table. Gone when the test file ends. */
export async function leaseTable(keyName = 'lease', tableName = 'pgtide-leases'): Promise<LeaseTable> {
  const server: Server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientConfig: DynamoDBClientConfig = {
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const client = new DynamoDBClient(clientConfig);
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onFileEnd(async () => {
    client.destroy();
    await stop();
  });
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      KeySchema: [{ AttributeName: keyName, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: keyName, AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return { tableName, endpoint, clientConfig, client, stop };
}
