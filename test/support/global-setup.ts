/**
 * Runs once around the whole test run. Test files run in separate processes and share servers, so this process owns the
 * servers: it listens on a loopback port, and starts a server (or creates a template) when a file first asks for it. A
 * watchdog outside the run stops the remaining servers and removes the folder, however this process ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { SharedServers } from './shared-servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address at which test files ask for a server. */
    broker: string;
    /** The seed of the run's property tests. */
    seed: number;
    /** A folder for servers that belong to one test file. */
    folder: string;
  }
}

/** Waits for its standard input to close, then stops every server under the folder and removes it. */
const watchdogScript = `
cat >/dev/null
for file in "$0"/*/data/postmaster.pid; do
  [ -f "$file" ] || continue
  pid=$(head -n 1 "$file")
  kill -QUIT "$pid" 2>/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
done
for disk in "$0"/disk-*; do [ -d "$disk" ] && umount -l "$disk" 2>/dev/null; done
rm -rf "$0" || { sleep 1; rm -rf "$0"; }`;

let watchdog: ChildProcess | undefined;
let servers: SharedServers | undefined;
let broker: Server | undefined;

export async function setup(project: TestProject): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-test-'));
  chmodSync(folder, 0o755);
  watchdog = spawn('sh', ['-c', watchdogScript, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  const shared = new SharedServers(folder);
  servers = shared;
  broker = createServer((request, response) => {
    // A kept-alive connection would be closed after some idle seconds, possibly just when the next request is on its way.
    response.setHeader('connection', 'close');
    const [, what = '', version = ''] = (request.url ?? '').split('/');
    shared.ask(what, Number(version)).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: Error) => {
        response.statusCode = 500;
        response.end(error.stack ?? error.message);
      },
    );
  });
  await new Promise<void>((resolve) => broker?.listen(0, '127.0.0.1', resolve));
  const seed = Number(process.env.PGTIDE_SEED ?? randomInt(2 ** 31));
  console.log(`property tests use PGTIDE_SEED=${seed}`);
  project.provide('broker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  project.provide('seed', seed);
  project.provide('folder', folder);
}

export async function teardown(): Promise<void> {
  broker?.closeAllConnections();
  broker?.close();
  await servers?.removeAll();
  const dog = watchdog;
  if (!dog) return;
  const ended = new Promise((resolve) => dog.once('exit', resolve));
  dog.stdin?.end();
  await ended;
}
