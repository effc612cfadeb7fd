import { PgtideError } from '../errors.ts';

/** The parts of a postgres:// URL; absent parts are undefined. */
export interface PostgresUrl {
  /** A host name, an address, or the folder of a Unix socket. */
  host: string;
  port: number;
  user: string | undefined;
  password: string | undefined;
  database: string | undefined;
  sslmode: string | undefined;
  sslrootcert: string | undefined;
}

const FORM = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST_AND_PORT = /^(\[[0-9a-fA-F:.]+\]|[^:[\],\s]*)(?::(\d+))?$/;
const PARAMETERS = ['host', 'port', 'user', 'password', 'dbname', 'sslmode', 'sslrootcert'] as const;
const DEFAULT_PORT = 5432;

function refuse(reason: string, remedy: string): never {
  // The message omits the text itself, which may hold a password.
  throw new PgtideError('input', `the URL ${reason}`, { remedy });
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('has a % that begins no percent-encoding', 'write %25 for a percent sign');
  }
}

function parseParameters(query: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of (query ?? '').split('&').filter((part) => part !== '')) {
    const [name = '', ...rest] = pair.split('=');
    if (!/^\w+$/.test(name))
      refuse(
        'has parameters that are not name=value',
        'percent-encode the characters / ? # @ : % in a password',
      );
    if (!(PARAMETERS as readonly string[]).includes(name))
      refuse(
        `has the parameter ${name}, which is not known`,
        `remove it; known are ${PARAMETERS.join(', ')}`,
      );
    const value = decode(rest.join('='));
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    refuse(`has the port ${text}`, 'ports go from 1 to 65535');
  return port;
}

/**
 * Parses a postgres:// URL as libpq does: percent-encoding, IPv6 in brackets, a Unix socket as an encoded host
 * (`postgres://app@%2Fvar%2Frun%2Fpostgresql/shop`) or as `?host=/var/run/postgresql`.
 */
export function parsePostgresUrl(text: string): PostgresUrl {
  const parts = FORM.exec(text.trim());
  if (!parts)
    refuse(
      'is not of the form postgres://user@host:port/database',
      'write it so; percent-encode the characters / ? # @ : % in a user or password',
    );
  const [, credentials, place = '', path, query] = parts;
  // An unencoded / in a password would move the rest of it into the name of the database, which is shown.
  if (path?.includes('@'))
    refuse(
      'has an @ after its host',
      'percent-encode the characters / ? # @ : % in a user, password or name',
    );
  const hostAndPort = HOST_AND_PORT.exec(place);
  if (!hostAndPort)
    refuse('names no single host and port', 'a node is one host: postgres://user@host:port/database');
  const parameters = parseParameters(query);
  const colon = credentials?.indexOf(':') ?? -1;
  const user = colon < 0 ? credentials : credentials?.slice(0, colon);
  const password = colon < 0 ? undefined : credentials?.slice(colon + 1);
  return {
    host: parameters.get('host') ?? decode(hostAndPort[1]?.replace(/^\[|\]$/g, '')) ?? 'localhost',
    port: parsePort(parameters.get('port') ?? hostAndPort[2]),
    user: parameters.get('user') ?? decode(user),
    password: parameters.get('password') ?? decode(password),
    database: parameters.get('dbname') ?? decode(path),
    sslmode: parameters.get('sslmode'),
    sslrootcert: parameters.get('sslrootcert'),
  };
}

/** Returns the sslrootcert of a node's url, unless the url is in a variable. */
export function caFileInUrl(url: string | undefined): string | undefined {
  return url === undefined || url.startsWith('env:') ? undefined : parsePostgresUrl(url).sslrootcert;
}

/** Returns true for this machine itself: loopback, or a Unix socket. */
export function isLocalHost(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
