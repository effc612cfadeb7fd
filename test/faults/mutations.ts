/**
 * `npm run test:mutations [-- NAME…]`: breaks each guard (guards.ts) in a copy of the code, one at a time, and runs the
 * test that must notice. The command fails if no test notices a broken guard, and if a guard's text is not in its file any
 * more.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guard, guards } from './guards.ts';

const root = new URL('../..', import.meta.url).pathname;
const copied = ['lib', 'sql', 'test', 'functions', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
const PATIENCE_MS = 300_000;
/** Messages that show that the broken code does not run at all, which proves nothing. */
const doesNotRun =
  /syntax error|SyntaxError|Transform failed|Cannot find (module|package)|no tests|No test files/;

type Verdict = 'noticed' | 'UNNOTICED' | 'DOES NOT RUN' | 'TIMED OUT';

function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-mutation-'));
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function breakGuard(folder: string, { name, file, breaks }: Guard): void {
  const path = join(folder, file);
  let text = readFileSync(path, 'utf8');
  for (const [found, broken] of breaks) {
    if (text.split(found).length !== 2)
      throw new Error(`${name}: ${file} does not hold this text once: ${found}`);
    text = text.replace(found, () => broken);
  }
  writeFileSync(path, text);
}

interface Ran {
  status: number | null;
  output: string;
}

function runTest(folder: string, [file, names]: Guard['noticedBy']): Promise<Ran> {
  const filter = names === undefined ? [] : ['-t', names];
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', file, '--bail', '1', ...filter],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PGTIDE_SEED: process.env.PGTIDE_SEED ?? '7' },
    },
  );
  const timer = setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS);
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output });
    });
  });
}

function verdictOf({ status, output }: Ran): Verdict {
  if (status === null) return 'TIMED OUT';
  if (doesNotRun.test(output)) return 'DOES NOT RUN';
  return status === 0 ? 'UNNOTICED' : 'noticed';
}

async function tryGuard(guard: Guard): Promise<Verdict> {
  const folder = makeCopy();
  try {
    breakGuard(folder, guard);
    const ran = await runTest(folder, guard.noticedBy);
    const verdict = verdictOf(ran);
    if (verdict !== 'noticed') process.stderr.write(`${ran.output.slice(-3000)}\n`);
    return verdict;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const chosen = guards.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let failed = 0;
for (const guard of chosen) {
  const began = Date.now();
  const verdict = await tryGuard(guard);
  if (verdict !== 'noticed') failed++;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  const [file, names] = guard.noticedBy;
  console.log(`${verdict.padEnd(12)} ${guard.name} — ${file}${names ? ` “${names}”` : ''} (${seconds} s)`);
}
console.log(`${chosen.length - failed} of ${chosen.length} broken guards were noticed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
