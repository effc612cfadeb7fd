import { userInfo } from 'node:os';
import type { NodeConfig } from '../config/config.ts';
import { parsePostgresUrl } from '../config/postgres-url.ts';
import { type Client, type ConnectionTarget, withClient } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { SecretReader } from './secret-reader.ts';
import { tlsModeOf, tlsTrustingRds } from './tls.ts';

/**
 * Returns the address and the user to connect with for a node: from its url, the variable that holds the url, or its
 * secret. The configuration's host, port and dbname override those in the secret, so one secret serves several
 * databases of a server.
 */
export async function resolveTarget(
  node: string,
  config: NodeConfig,
  secrets: SecretReader,
): Promise<ConnectionTarget> {
  if (config.secret === undefined) return targetOfUrl(node, config);
  const { username: user, password, ...inSecret } = await secrets.read(config.secret);
  const { host, dbname: database } = {
    host: config.host ?? inSecret.host,
    dbname: config.dbname ?? inSecret.dbname,
  };
  if (host === undefined || database === undefined)
    return refuseIncomplete(node, config.secret, { host, dbname: database });
  const port = config.port ?? inSecret.port;
  return { node, host, port, user, password, database, ssl: await tlsTrustingRds(node, host, config.tls) };
}

function refuseIncomplete(
  node: string,
  secret: string,
  given: Record<'host' | 'dbname', string | undefined>,
): never {
  const missing = (['host', 'dbname'] as const).filter((key) => given[key] === undefined).join(' and ');
  throw new PgtideError(
    'input',
    `node ${node}: neither its secret ${secret} nor the configuration has ${missing}`,
    {
      remedy: `write ${missing} beside secret; secrets that RDS manages hold username and password alone`,
    },
  );
}

async function targetOfUrl(node: string, config: NodeConfig): Promise<ConnectionTarget> {
  const variable = config.url?.startsWith('env:') ? config.url.slice('env:'.length) : undefined;
  const text = variable === undefined ? config.url : process.env[variable];
  if (!text)
    throw new PgtideError('input', `node ${node}: the environment variable ${variable} is not set`, {
      remedy: `set ${variable} to postgres://user@host:port/database, with the password`,
    });
  const url = parseNamed(variable === undefined ? `node ${node}` : `node ${node} (${variable})`, text);
  const user = url.user ?? userInfo().username;
  return {
    node,
    host: url.host,
    port: url.port,
    user,
    password: url.password,
    database: url.database ?? user,
    ssl: await tlsTrustingRds(node, url.host, config.tls, {
      mode: tlsModeOf(node, url.sslmode),
      caFile: url.sslrootcert,
    }),
  };
}

function parseNamed(where: string, text: string) {
  try {
    return parsePostgresUrl(text);
  } catch (error) {
    if (!(error instanceof PgtideError)) throw error;
    throw new PgtideError('input', `${where}: ${error.message}`, { remedy: error.remedy });
  }
}

export interface NodeConnector {
  secrets: SecretReader;
  /** Shown by the server in pg_stat_activity. */
  applicationName: string;
  /** See lib/db/client.ts. */
  cutAfterMs?: number;
  connectMs?: number | undefined;
  onServerText?: ((text: string) => void) | undefined;
}

/**
 * Opens a connection to a node for the time of `work`. If the server refuses a password from a secret, the secret may
 * have been rotated since it was read: it is read again, once, and the connection is retried if it changed.
 * `cutAfterMs` limits all of this together, including reading secrets.
 */
export async function withNode<T>(
  node: string,
  config: NodeConfig,
  { secrets, applicationName, ...options }: NodeConnector,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const target = await resolveTarget(node, config, secrets);
  let connected = false;
  const pinned = () => ({
    ...options,
    ...(options.cutAfterMs === undefined
      ? {}
      : { cutAfterMs: Math.max(0, options.cutAfterMs - (performance.now() - began)) }),
    pinned: true,
  });
  const guarded = (client: Client) => {
    connected = true;
    return work(client);
  };
  try {
    return await withClient(target, applicationName, guarded, pinned());
  } catch (error) {
    const refused = error instanceof PgtideError && error.kind === 'authentication' && !connected;
    if (!refused || config.secret === undefined) throw error;
    secrets.forget(config.secret);
    const rotated = await resolveTarget(node, config, secrets);
    if (rotated.password === target.password && rotated.user === target.user) throw error;
    return withClient(rotated, applicationName, work, pinned());
  }
}
