/**
 * One container of a packaged function: `idle-process.ts HANDLER CALLS [LEASE]`. It loads the handler as Lambda does, calls
 * it when there is nothing to do, and writes the duration of each call, in milliseconds, as its last line. Before each call
 * it wakes the given lease: otherwise all calls but the first would find the pair at rest.
 */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

export interface IdleProcessResult {
  loadMs: number;
  callsMs: number[];
}

type Handler = (event: unknown, context: object) => Promise<{ runs: { outcome: string }[] }>;

const [, , file = '', calls = '0', lease] = process.argv;
const require = createRequire(import.meta.url);
const began = performance.now();
const { handler } = require(file) as { handler: Handler };
const loadMs = performance.now() - began;
const wake = lease === undefined ? undefined : await wakerOf(lease);
const callsMs: number[] = [];
for (let call = 0; call < Number(calls); call++) {
  await wake?.();
  const started = performance.now();
  const { runs } = await handler(
    {},
    { awsRequestId: `${process.pid}-${call}`, getRemainingTimeInMillis: () => 60_000 },
  );
  callsMs.push(performance.now() - started);
  if (call > 0 && runs.some(({ outcome }) => outcome !== 'idle')) throw new Error(JSON.stringify(runs));
}
process.stdout.write(`\n${JSON.stringify({ loadMs, callsMs } satisfies IdleProcessResult)}\n`);
process.exit(0);

/** Loaded only if it is needed, and after the handler, because the handler's loading is measured. */
async function wakerOf(key: string): Promise<() => Promise<void>> {
  const { createDynamoDbClient, DynamoDbLeaseStore } = await import('../../lib/lease/dynamodb-store.ts');
  const table = process.env.PGTIDE_LEASE_TABLE ?? '';
  const clock = { now: () => Date.now() };
  const store = new DynamoDbLeaseStore({ client: createDynamoDbClient(), table, skewMs: 0, clock });
  return () => store.wake([key]);
}
