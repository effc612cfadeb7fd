import type { Acquisition, Lease } from '../../lib/lease/lease-store.ts';
import { type LocalDynamoDb, startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { onFileEnd } from './file-scope.ts';

/** DynamoDB's API in this process, on a free port, with an empty lease table. It ends with the test file. */
export async function leaseTable(table?: string): Promise<LocalDynamoDb> {
  const local = await startLocalDynamoDb(table === undefined ? {} : { table });
  onFileEnd(() => local.stop().catch(() => undefined));
  return local;
}

/** The lease that an acquisition has brought; an error if another run has it. */
export function leaseIn(acquisition: Acquisition): Lease {
  if (acquisition.kind !== 'acquired') throw new Error(`held by ${acquisition.owner}`);
  return acquisition.lease;
}
