/** `pgtide demo --json`: from two empty servers to the proof, and nothing is left behind. */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pgtide, startPgtide } from '../support/command-line.ts';
import { onFileEnd } from '../support/file-scope.ts';
import { until } from '../support/until.ts';

/** A folder for temporary files that no other demo uses. The servers may run as another user. */
function ownTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-test-'));
  chmodSync(folder, 0o755);
  onFileEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('ends with 0 differences', { timeout: 600_000 }, async () => {
  const folder = ownTemporaryFolder();
  const { status, out, err } = await pgtide(['demo', '--json'], { TMPDIR: folder });
  expect(status, err).toBe(0);
  const summary = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
  expect(summary.differences).toBe(0);
  expect(summary.provider).toMatch(/^13\./);
  expect(summary.subscriber).toMatch(/^17\./);
  expect(summary.copiedRows).toBeGreaterThan(500_000);
  expect(summary.replayedEvents).toBeGreaterThan(1_000);
  expect(summary.tables).toBeGreaterThanOrEqual(8);
  expect(readdirSync(folder)).toEqual([]);
});

test('Ctrl-C stops the servers and leaves nothing behind', async () => {
  const folder = ownTemporaryFolder();
  const running = startPgtide(['demo'], { TMPDIR: folder });
  await until('writers are at work', () => running.err().includes('writers are at work'), 60_000);
  running.child.kill('SIGINT');
  const { status } = await running.ended;
  expect(status).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});
