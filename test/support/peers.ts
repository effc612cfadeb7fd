/** Programs that were written for PgQ and Londiste, as Debian packages them. test/support/install-peers.sh installs them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from './database.ts';
import { onFileEnd } from './file-scope.ts';

/** Debian's Python, which has Debian's modules. */
export const PYTHON = '/usr/bin/python3';

/** Whether one of these programs is not installed here; the console then names it. Tests that need it are skipped. */
export function peersAreMissing(): boolean {
  const missing = missingPrograms();
  if (missing.length === 0) return false;
  console.log(`skipped: Debian's programs (test/support/install-peers.sh would bring ${missing.join(', ')})`);
  return true;
}

function missingPrograms(): string[] {
  const modules = spawnSync(PYTHON, ['-c', 'import pgq, londiste']).status === 0;
  const there = (program: string) =>
    ['/usr/bin', '/usr/local/bin'].some((at) => existsSync(join(at, program)));
  return [
    ...(modules ? [] : ['python3-londiste']),
    ...['pgqd', 'londiste'].filter((program) => !there(program)),
  ];
}

/** The connection string with which libpq connects to this database, as its owner or another role. */
export function connectString({ server, name, owner }: TestDatabase, user = owner): string {
  return `host=${server.host} port=${server.port} dbname=${name} user=${user} password=${server.password}`;
}

/** A folder that is removed with the test file. */
export function folderForFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-peers-'));
  onFileEnd(async (failed) => {
    if (!failed) rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Writes an ini file with one section, with `logfile` and `pidfile` beside it. Returns its path. */
export function writeIni(
  folder: string,
  job: string,
  section: string,
  settings: Record<string, string | number>,
): string {
  const path = join(folder, `${job}.ini`);
  const all = { logfile: join(folder, `${job}.log`), pidfile: join(folder, `${job}.pid`), ...settings };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(path, `[${section}]\n${lines.join('')}`);
  return path;
}

export interface Run {
  status: number | null;
  out: string;
  err: string;
}

/** Runs a program until it ends. */
export function runPeer(program: string, parameters: readonly string[]): Promise<Run> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...text }));
  });
}

/** Starts a program that runs until it is stopped, at the latest at the end of the test file. */
export function startPeer(program: string, parameters: readonly string[]): { stop(): Promise<void> } {
  const child: ChildProcess = spawn(program, parameters, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  onFileEnd(stop);
  return { stop };
}

/** Starts pgqd, which serves these databases of one server much more often than by default. Returns the path of its log. */
export function startPgqd(folder: string, databases: readonly TestDatabase[]) {
  const [first] = databases;
  if (!first) throw new Error('pgqd needs a database');
  const { server, owner } = first;
  const ini = writeIni(folder, 'pgqd', 'pgqd', {
    base_connstr: `host=${server.host} port=${server.port} user=${owner} password=${server.password}`,
    initial_database: first.name,
    database_list: databases.map(({ name }) => name).join(','),
    syslog: 0,
    check_period: 1,
    ticker_period: 0.1,
    retry_period: 0.2,
    maint_period: 0.3,
  });
  const { stop } = startPeer('pgqd', [ini]);
  return { stop, log: () => readFileSync(join(folder, 'pgqd.log'), 'utf8') };
}
