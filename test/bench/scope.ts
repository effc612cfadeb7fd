/** The servers, folders and processes that a case opens, and their end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../lib/demo/postgres-server.ts';
import type { Build } from './build.ts';
import type { Bench, BenchCase, BenchResult } from './case.ts';

export interface ScopeOptions {
  build: Build;
  rounds: number;
  scale: number;
  say(line: string): void;
  detail(line: string): void;
}

/**
 * The settings of the demo's servers: no fsync, so that the speed of the disk does not decide. Autovacuum is off: cases
 * vacuum between measurements, in the same way on all sides. JIT, work_mem and the rest are PostgreSQL's defaults.
 */
const common = {
  shared_buffers: "'512MB'",
  max_wal_size: "'8GB'",
  checkpoint_timeout: "'1h'",
  synchronous_commit: 'off',
  autovacuum: 'off',
  // A native subscription that is enabled again would otherwise wait for 5 s.
  wal_retrieve_retry_interval: "'50ms'",
};

/** Runs a case, and removes everything that it opened, however it ends. */
export async function runCase(benchCase: BenchCase, options: ScopeOptions): Promise<BenchResult[]> {
  const endings: (() => Promise<void>)[] = [];
  const folders: string[] = [];
  const removeFolders = () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  process.once('exit', removeFolders);
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'pgtide-bench-'));
    folders.push(made);
    return made;
  };
  const until = performance.now() + benchCase.minutes * 60_000;
  const bench: Bench = {
    ...options,
    hasTime: () => performance.now() < until,
    folder,
    onEnd: (ending) => void endings.push(ending),
    async server(settings = {}) {
      const { version, programs } = options.build;
      const server = await startServer({
        version,
        folder: folder(),
        settings: { ...common, ...settings },
        ...(programs ? { programs } : {}),
      });
      endings.push(() => server.remove());
      return server;
    },
  };
  try {
    return await benchCase.run(bench);
  } finally {
    for (const ending of endings.toReversed()) await ending();
    removeFolders();
    process.off('exit', removeFolders);
  }
}
