import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PgtideError } from '../../lib/errors.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { Order } from './crash-child.ts';
import type { CrashShop } from './crash-shop.ts';
import { onFileEnd } from './file-scope.ts';
import { until } from './until.ts';

const CHILD = new URL('./crash-child.ts', import.meta.url).pathname;

/** A cache of compiled code, which the killed processes of a test file share. */
let codeCache: string | undefined;

function cacheFolder(): string {
  if (codeCache === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'pgtide-crash-'));
    onFileEnd(async () => rmSync(folder, { recursive: true, force: true }));
    codeCache = folder;
  }
  return codeCache;
}

/** Rounds of changes that are made inside of runs have their own range of numbers. */
let firstRound = 500_000;

/**
 * Runs a unit in a separate process, which is killed (SIGKILL) in the n-th gap `step`. The root changes rows in each gap
 * before it. Returns false if the run ended without reaching that gap.
 */
export async function killedAt(
  it: CrashShop,
  kill: { unit: 'replay' | 'copy'; step: string; nth?: number; meanwhile?: string | null },
): Promise<boolean> {
  firstRound += 1_000;
  const order: Order = {
    nth: 1,
    meanwhile: 'select shop_work($1)',
    ...kill,
    firstRound,
    targets: it.targets,
    tuning: it.tuning,
  };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], {
    env: { ...process.env, NODE_COMPILE_CACHE: cacheFolder() },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  if (signal === 'SIGKILL') return true;
  if (code === 0) return false;
  throw new Error(`the run ended by itself (${code ?? signal}): ${said}`);
}

/**
 * Repeats the run until it is admitted: the server may take a moment to notice that a killed run is gone, and until then
 * reports that another run is at work. A schedule would also try again.
 */
export function whenLet(run: () => Promise<Outcome>): Promise<Outcome> {
  return until('a run without another in its way', () =>
    run().catch((error: unknown) => {
      if (error instanceof PgtideError && (error.kind === 'busy' || error.kind === 'fenced'))
        return undefined;
      throw error;
    }),
  );
}
