import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PgtideError } from '../errors.ts';
import { DYNALITE_PACKAGE, hasDynalite } from '../lease/local-dynamodb.ts';
import {
  missingServers,
  type PostgresServer,
  removeServerCopies,
  serverPackages,
  startServer,
} from './postgres-server.ts';
import { openShop, type Shop } from './shop.ts';

export interface DemoServers {
  readonly provider: Shop;
  readonly subscriber: Shop;
  /** A pgtide.yml with both databases. */
  readonly configFile: string;
}

export const QUEUE = 'shop';

const PROVIDER_VERSION = 13;
const SUBSCRIBER_VERSION = 17;

/** Starts both servers for the time of `work`, and removes all that they left, however it ends. */
export async function withDemoServers<T>(work: (servers: DemoServers) => Promise<T>): Promise<T> {
  requirePackages();
  // The servers may run as another user, so each has a separate folder beside the others.
  const makeFolder = (what: string) => mkdtempSync(join(tmpdir(), `pgtide-demo-${what}-`));
  const folders = { provider: makeFolder('13'), subscriber: makeFolder('17'), own: makeFolder('config') };
  const removeAll = () => {
    for (const folder of Object.values(folders))
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    removeServerCopies();
  };
  const servers: PostgresServer[] = [];
  const start = async (version: number, folder: string) => {
    const server = await startServer({ version, folder });
    servers.push(server);
    return openShop(server);
  };
  process.once('exit', removeAll);
  try {
    const [provider, subscriber] = await bothOrNeither(
      start(PROVIDER_VERSION, folders.provider),
      start(SUBSCRIBER_VERSION, folders.subscriber),
    );
    // If the process ends at once, the folders are removed after the servers' exit handlers have stopped the servers.
    process.off('exit', removeAll);
    process.once('exit', removeAll);
    const configFile = join(folders.own, 'pgtide.yml');
    writeFileSync(configFile, configuration(provider, subscriber), { mode: 0o600 });
    return await work({ provider, subscriber, configFile });
  } finally {
    await Promise.all(servers.map((server) => server.remove()));
    removeAll();
    process.off('exit', removeAll);
  }
}

/**
 * Fails if packages are missing that a checkout has but an installed pgtide lacks; the remedy installs all of them.
 */
function requirePackages(): void {
  const servers = missingServers([PROVIDER_VERSION, SUBSCRIBER_VERSION]);
  const dynalite = hasDynalite() ? [] : [DYNALITE_PACKAGE];
  const packages = [...serverPackages(servers), ...dynalite];
  if (packages.length === 0) return;
  const names = [...servers.map((version) => `PostgreSQL ${version}`), ...dynalite.map(() => 'dynalite')];
  throw new PgtideError('not-found', `not installed as npm packages: ${names.join(', ')}`, {
    remedy: `npm install ${packages.join(' ')}`,
  });
}

/** Waits for both even if one fails, so that the other can be stopped. */
async function bothOrNeither<T>(one: Promise<T>, other: Promise<T>): Promise<[T, T]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

function configuration(provider: Shop, subscriber: Shop): string {
  return `# Made by the demo. Ticks come faster than by default, so that there is something to watch.
nodes:
  old: { url: "${provider.url}" }
  new: { url: "${subscriber.url}" }
queues:
  ${QUEUE}: { root: old, leaves: [new], tickSeconds: 1, idleTickSeconds: 10 }
`;
}
