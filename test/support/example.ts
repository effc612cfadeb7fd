/** An example as a user runs it: the blocks of its README, word for word, in a shell. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from './command-line.ts';
import { onFileEnd } from './file-scope.ts';

const top = join(import.meta.dirname, '..', '..');

export interface Example {
  readonly folder: string;
  /** The text of its README. */
  readonly page: string;
  /** Runs a script in the folder. A command that fails ends the script, and processes that it leaves behind end with it. */
  run(script: string, env: Record<string, string>): Promise<Ended>;
}

/** The fenced blocks of a language, one after the other. */
export function blocksOf(page: string, language: string): string {
  const blocks = page.matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'));
  return [...blocks].map(([, text]) => text).join('');
}

/**
 * A copy of an example's folder, in which the packages `pgtide` and `pg` are installed. `pgtide`, `node` and `psql` are in
 * the PATH of its scripts. It is removed when the test file ends.
 */
export function example(name: string): Example {
  const parent = mkdtempSync(join(tmpdir(), 'pgtide-example-'));
  onFileEnd(async () => rmSync(parent, { recursive: true }));
  const folder = join(parent, name);
  cpSync(join(top, 'examples', name), folder, { recursive: true });
  installPackages(folder);
  const programs = writePrograms(join(parent, 'bin'));
  return {
    folder,
    page: readFileSync(join(folder, 'README.md'), 'utf8'),
    run: (script, env) => runScript(script, folder, { PATH: `${programs}:${process.env.PATH}`, ...env }),
  };
}

function installPackages(folder: string): void {
  const packages = join(folder, 'node_modules');
  mkdirSync(join(packages, 'pgtide'), { recursive: true });
  symlinkSync(join(top, 'node_modules', 'pg'), join(packages, 'pg'));
  symlinkSync(join(top, 'lib'), join(packages, 'pgtide', 'lib'));
  const exports = { '.': './lib/api.ts', './consumer': './lib/consumer/consumer-api.ts' };
  writeFileSync(join(packages, 'pgtide', 'package.json'), JSON.stringify({ type: 'module', exports }));
}

function writePrograms(folder: string): string {
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  writeProgram(join(folder, 'pgtide'), join(top, 'lib', 'cli', 'main.ts'));
  if (spawnSync('psql', ['--version']).status !== 0)
    writeProgram(join(folder, 'psql'), join(import.meta.dirname, 'psql.ts'));
  return folder;
}

function writeProgram(file: string, module: string): void {
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${module}' "$@"\n`, { mode: 0o755 });
}

function runScript(script: string, folder: string, env: Record<string, string>): Promise<Ended> {
  const child = spawn('sh', ['-eu', '-c', script], {
    cwd: folder,
    env: { ...process.env, PGTIDE_CONFIG: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onFileEnd(async () => endGroup(child));
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.err += chunk;
  });
  child.once('exit', () => endGroup(child));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...text }));
  });
}

/** Ends the processes that a script has left behind. The process group does not exist if there are none. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {}
}
