import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { createDynamoDbClient, DynamoDbLeaseStore } from './dynamodb-store.ts';
import type { LeaseStore } from './lease-store.ts';

/** Opens the configured lease store. PGTIDE_LEASE_TABLE (set by the deployment) overrides the table of the file. */
export function openLeaseStore(config: Config, clock: Clock): LeaseStore {
  const { endpoint, skewSeconds, table } = config.lease;
  return new DynamoDbLeaseStore({
    client: createDynamoDbClient(endpoint ? { endpoint } : {}),
    table: process.env.PGTIDE_LEASE_TABLE || table,
    skewMs: skewSeconds * 1000,
    clock,
  });
}
