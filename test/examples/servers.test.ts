/** examples/servers.ts: two servers with empty databases for the examples, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { onFileEnd } from '../support/file-scope.ts';
import { until } from '../support/until.ts';

test('prints URLs that accept connections, and leaves nothing behind after Ctrl-C', async () => {
  // The servers may run as another user.
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-test-'));
  chmodSync(folder, 0o755);
  onFileEnd(async () => rmSync(folder, { recursive: true, force: true }));
  const program = join(import.meta.dirname, '..', '..', 'examples', 'servers.ts');
  const child = spawn(process.execPath, [program], { env: { ...process.env, TMPDIR: folder } });
  const ended = once(child, 'close');
  onFileEnd(async () => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  await until('the servers are up', () => err.includes('until Ctrl-C') || child.exitCode !== null);
  const variables = [...out.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, url]) => ({ name, url }));
  expect(
    variables.map(({ name }) => name),
    err,
  ).toEqual(['OLD_URL', 'NEW_URL', 'APP_URL', 'ANALYTICS_URL']);
  for (const { url } of variables) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('create table t (id integer primary key)');
    await client.end();
  }
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(readdirSync(folder)).toEqual([]);
});
