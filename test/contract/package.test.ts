/** The packages that npm installs with pgtide are enough for its promises: its version of Node.js, and its types. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { onFileEnd } from '../support/file-scope.ts';

const root = join(import.meta.dirname, '..', '..');

interface LockedPackage {
  dev?: boolean;
  engines?: { node?: string };
}

test('every installed dependency runs on the oldest Node.js that the package supports', () => {
  const oldest = Number(/\d+/.exec(manifest.engines.node)?.[0]);
  const lock: { packages: Record<string, LockedPackage> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  const tooNew = Object.entries(lock.packages).filter(
    ([, { dev, engines }]) => !dev && Number(/^>= ?(\d+)/.exec(engines?.node ?? '')?.[1] ?? 0) > oldest,
  );
  expect(tooNew.map(([name]) => name)).toEqual([]);
});

test('every package that its types import is installed with it, with types', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-types-'));
  onFileEnd(async () => rmSync(folder, { recursive: true }));
  const args = ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder];
  const { status, stdout } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), args, { encoding: 'utf8' });
  expect(status, stdout).toBe(0);
  const named = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    for (const [, name = ''] of readFileSync(join(folder, file), 'utf8').matchAll(
      /(?:from |import\()["']([^."'][^"']*)["']/g,
    ))
      if (!isBuiltin(name)) named.add(name);
  }
  expect(named).toContain('pg');
  const dependencies: Record<string, string> = manifest.dependencies;
  const untyped = [...named].filter((name) => {
    if (dependencies[`@types/${name}`]) return false;
    const { types, exports } = JSON.parse(
      readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
    );
    return !dependencies[name] || !(types || JSON.stringify(exports ?? '').includes('.d.'));
  });
  expect(untyped).toEqual([]);
});
