/** `npm run bench -- queue --json` measures, and prints what programs read. This test does not ask whether the figures are good. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', 'bench', 'main.ts');

function bench(...parameters: string[]) {
  return spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8' });
}

test('the last line is one array of results with ours, the peers, the goal and the verdict', () => {
  const { status, stdout, stderr } = bench('queue', '--scale', '0.01', '--rounds', '1', '--json');
  expect(stderr).toMatch(/PostgreSQL \d+/);
  expect(status).toBe(0);
  const results: Record<string, unknown>[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(results.length).toBeGreaterThanOrEqual(4);
  for (const result of results) {
    expect(Object.keys(result)).toEqual(['name', 'ours', 'unit', 'peers', 'ratio', 'goal', 'met']);
    expect(result).toMatchObject({ ours: expect.any(Number), unit: expect.any(String), peers: {} });
    expect(result.ours).toBeGreaterThan(0);
  }
  expect(results.filter(({ goal }) => goal !== null).length).toBeGreaterThanOrEqual(2);
  expect(results.filter(({ met }) => met !== null).every(({ goal }) => goal !== null)).toBe(true);
});

test('an unknown case is refused', () => {
  const { status, stderr } = bench('speed');
  expect(status).not.toBe(0);
  expect(stderr).toContain('capture, tpcb, copy, replay, compare, queue, idle, scale');
});
