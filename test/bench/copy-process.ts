/** Our copy in a separate process, so that its memory can be measured: `copy-process.ts CONFIGURATION`. */
import { performance } from 'node:perf_hooks';
import { PgtideRunner, QUEUE } from './pgtide-runner.ts';

const MAX_ROUNDS = 1_000;

export interface CopyProcessResult {
  seconds: number;
  /** The time until the last chunk was stored; the rest is replay past the snapshots, and indexes. */
  copiedSeconds: number;
  residentMb: number;
}

const runner = new PgtideRunner(process.argv[2] ?? '{}');
const { root } = runner.config.queues[QUEUE] ?? {};
if (root === undefined) throw new Error('a configuration is needed');
const began = performance.now();
const since = () => (performance.now() - began) / 1000;
let copiedSeconds = 0;
for (let round = 0; round < MAX_ROUNDS; round++) {
  const report = await runner.copy();
  if (report.counts.chunks) copiedSeconds = since();
  if (report.outcome?.kind === 'idle') break;
  await runner.tick();
  await runner.replayUntilIdle();
}
const residentMb = process.resourceUsage().maxRSS / 1000;
process.stdout.write(
  JSON.stringify({ seconds: since(), copiedSeconds, residentMb } satisfies CopyProcessResult),
);
