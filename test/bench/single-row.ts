/** Clients that run transactions of one statement as fast as they can: pgbench if it is installed, otherwise Node. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Bench } from './case.ts';
import type { BenchDatabase } from './database.ts';
import { percentile } from './measure.ts';

export interface Load {
  /** `:id` stands for a random id. */
  statement: string;
  /** Each statement in a transaction block of this isolation level; default: by itself, in the server's default. */
  isolation?: 'repeatable read';
  ids: number;
  clients: number;
  seconds: number;
}

export interface LoadResult {
  transactions: number;
  seconds: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export function runLoad(bench: Bench, database: BenchDatabase, load: Load): Promise<LoadResult> {
  return bench.build.pgbench
    ? withPgbench(bench, bench.build.pgbench, database, load)
    : withNode(database, load);
}

async function withPgbench(
  bench: Bench,
  pgbench: string,
  database: BenchDatabase,
  { statement, isolation, ids, clients, seconds }: Load,
): Promise<LoadResult> {
  const folder = bench.folder();
  const script = join(folder, 'script.sql');
  const transaction = isolation
    ? `begin isolation level ${isolation};\n${statement};\ncommit;\n`
    : `${statement};\n`;
  writeFileSync(script, `\\set id random(1, ${ids})\n${transaction}`);
  const result = await runPgbench(bench, pgbench, database, { what: ['-f', script], clients, seconds });
  rmSync(folder, { recursive: true });
  return result;
}

export interface PgbenchLoad {
  /** The options that name the script. */
  what: string[];
  clients: number;
  seconds: number;
}

/** Runs pgbench as the owner, with prepared statements and a thread for each client. */
export async function runPgbench(
  bench: Bench,
  pgbench: string,
  database: BenchDatabase,
  { what, clients, seconds }: PgbenchLoad,
): Promise<LoadResult> {
  const folder = bench.folder();
  const size = ['-c', `${clients}`, '-j', `${clients}`, '-T', `${Math.ceil(seconds)}`];
  const output = await run(
    pgbench,
    ['-n', '-M', 'prepared', ...size, ...what, '-l', '--log-prefix', join(folder, 'log'), database.name],
    pgbenchEnvironment(database),
  );
  const perSecond = Number(/tps = ([\d.]+) \(without/.exec(output)?.[1]);
  const latencies = readdirSync(folder)
    .filter((file) => file.startsWith('log'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
    .map((line) => Number(line.split(' ')[2]) / 1000);
  rmSync(folder, { recursive: true });
  return {
    transactions: latencies.length,
    seconds: latencies.length / perSecond,
    perSecond,
    ...percentiles(latencies),
  };
}

/** Connects as the owner. */
export function pgbenchEnvironment({ server, owner }: BenchDatabase): Record<string, string> {
  return { PGHOST: server.host, PGPORT: `${server.port}`, PGUSER: owner, PGPASSWORD: server.password };
}

export function percentiles(latencies: readonly number[]): Pick<LoadResult, 'p50Ms' | 'p99Ms'> {
  return { p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}

/** In a separate process, so that it takes no time of the measuring process. */
async function withNode({ url }: BenchDatabase, load: Load): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'single-row-process.ts');
  return JSON.parse(await run(process.execPath, [script, url, JSON.stringify(load)], {}));
}

/** Runs a program to its end and returns its output. */
export async function run(
  program: string,
  parameters: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  const child = spawn(program, parameters, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${err || out}`);
  return out;
}
