/** `pgtide` as a user runs it: a separate process, with a configuration file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFileEnd } from './file-scope.ts';

export interface Ended {
  status: number | null;
  out: string;
  err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** The output so far. */
  out(): string;
  err(): string;
  readonly ended: Promise<Ended>;
}

const MAIN = new URL('../../lib/cli/main.ts', import.meta.url).pathname;

export function startPgtide(
  args: string[],
  env: Record<string, string> = {},
  stdout: 'pipe' | number = 'pipe',
): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, PGTIDE_CONFIG: '', PGTIDE_DEBUG: '', ...env },
    stdio: ['ignore', stdout, 'pipe'],
  });
  const text = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text.err += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...text }));
  });
  return { child, out: () => text.out, err: () => text.err, ended };
}

export function pgtide(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return startPgtide(args, env).ended;
}

/** A configuration file in a folder that is removed with the test file. */
export function writeConfig(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-test-'));
  onFileEnd(async () => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pgtide.yml');
  writeFileSync(file, text);
  return file;
}
