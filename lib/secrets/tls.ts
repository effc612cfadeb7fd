import { readFileSync } from 'node:fs';
import type { NodeConfig } from '../config/config.ts';
import { isLocalHost } from '../config/postgres-url.ts';
import { SYSTEM_AUTHORITIES } from '../config/schema.ts';
import type { ConnectionTarget } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { isRdsHost, rdsContext } from './rds-authorities.ts';

export type TlsMode = 'verify-full' | 'verify-ca' | 'require' | 'disable';

const modes: readonly TlsMode[] = ['verify-full', 'verify-ca', 'require', 'disable'];

/** Returns the mode for an sslmode of libpq. `allow` and `prefer` fall back to plain text, so they are refused. */
export function tlsModeOf(node: string, sslmode: string | undefined): TlsMode | undefined {
  if (sslmode === undefined) return undefined;
  const mode = modes.find((known) => known === sslmode);
  if (mode) return mode;
  throw new PgtideError('input', `node ${node}: sslmode=${sslmode} is not supported`, {
    remedy: `say one of ${modes.join(', ')}; pgtide never falls back to plain text by itself`,
  });
}

function readAuthorities(node: string, file: string): string {
  const remedy = "correct the node's tls.caFile (or sslrootcert)";
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new PgtideError('input', `node ${node}: cannot read the CA file ${file}: ${reason}`, {
      remedy,
      cause,
    });
  }
  // Node would treat an empty text as no authorities given, and trust its own.
  if (text.trim() === '')
    throw new PgtideError('input', `node ${node}: the CA file ${file} is empty`, { remedy });
  return text;
}

/** The mode if none is set. A CA file is given to be used, also on this machine. */
function usualMode(host: string, caFile: string | undefined): TlsMode {
  return isLocalHost(host) && caFile === undefined ? 'disable' : 'verify-full';
}

function refuseWeakMode(node: string, mode: TlsMode): void {
  if (mode !== 'verify-full')
    throw new PgtideError('input', `node ${node}: ${mode} cannot be used with sslrootcert=system`, {
      remedy:
        'anybody can have a certificate of the authorities of the system: say verify-full, or name the CA file',
    });
}

interface UrlTls {
  mode?: TlsMode | undefined;
  caFile?: string | undefined;
}

/**
 * Returns Node's TLS options for a host. The default is verify-full, except on this machine itself. Without a CA
 * file, the authorities are Node's, and those of NODE_EXTRA_CA_CERTS.
 *
 * The rules are libpq's: `require` with a CA file means verify-ca; the authorities of the system require verify-full;
 * a Unix socket has no TLS, whatever is configured.
 */
export function tlsOptions(
  node: string,
  host: string,
  tls: NodeConfig['tls'],
  fromUrl: UrlTls = {},
): ConnectionTarget['ssl'] {
  const caFile = tls?.caFile ?? fromUrl.caFile;
  const mode = tls?.mode ?? fromUrl.mode ?? usualMode(host, caFile);
  if (caFile === SYSTEM_AUTHORITIES) refuseWeakMode(node, mode);
  if (mode === 'disable' || host.startsWith('/')) return false;
  if (mode === 'require' && caFile === undefined) return { rejectUnauthorized: false };
  const ca =
    caFile === undefined || caFile === SYSTEM_AUTHORITIES ? {} : { ca: readAuthorities(node, caFile) };
  const anyName = mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined };
  return { rejectUnauthorized: true, ...ca, ...anyName };
}

/** Like `tlsOptions`, and adds the authorities of RDS for a host of RDS whose node names no authorities. */
export async function tlsTrustingRds(
  node: string,
  host: string,
  tls: NodeConfig['tls'],
  fromUrl: UrlTls = {},
): Promise<ConnectionTarget['ssl']> {
  const options = tlsOptions(node, host, tls, fromUrl);
  const caFile = tls?.caFile ?? fromUrl.caFile;
  if (options === false || !options.rejectUnauthorized || caFile !== undefined || !isRdsHost(host))
    return options;
  return { ...options, secureContext: await rdsContext() };
}
