/**
 * One container of a packaged function: `idle-process.ts HANDLER CALLS`. Loads the handler as Lambda does, calls it where
 * nothing is to be done, and writes how long each took, in milliseconds, as its last line.
 */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

export interface IdleProcessResult {
  loadMs: number;
  callsMs: number[];
}

type Handler = (event: unknown, context: object) => Promise<{ runs: { outcome: string }[] }>;

const [, , file = '', calls = '0'] = process.argv;
const require = createRequire(import.meta.url);
const began = performance.now();
const { handler } = require(file) as { handler: Handler };
const loadMs = performance.now() - began;
const callsMs: number[] = [];
for (let call = 0; call < Number(calls); call++) {
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
