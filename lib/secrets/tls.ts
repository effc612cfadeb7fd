import { readFileSync } from 'node:fs';
import type { NodeConfig } from '../config/config.ts';
import { isLocalHost } from '../config/postgres-url.ts';
import type { ConnectionTarget } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

export type TlsMode = 'verify-full' | 'verify-ca' | 'require' | 'disable';

const modes: readonly TlsMode[] = ['verify-full', 'verify-ca', 'require', 'disable'];

/** The mode that an sslmode of libpq means. `allow` and `prefer` fall back to plain text, so they are refused. */
export function tlsModeOf(node: string, sslmode: string | undefined): TlsMode | undefined {
  if (sslmode === undefined) return undefined;
  const mode = modes.find((known) => known === sslmode);
  if (mode) return mode;
  throw new PgtideError('input', `node ${node}: sslmode=${sslmode} is not supported`, {
    remedy: `say one of ${modes.join(', ')}; pgtide never falls back to plain text by itself`,
  });
}

function readAuthorities(node: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PgtideError(
      'input',
      `node ${node}: cannot read the CA file ${file}: ${(cause as Error).message}`,
      {
        remedy: "correct the node's tls.caFile (or sslrootcert)",
        cause,
      },
    );
  }
}

/**
 * Node's TLS options for a host. verify-full unless told otherwise, except on this machine itself. Without a CA file
 * the authorities are Node's, and those of NODE_EXTRA_CA_CERTS (on Lambda that file holds the ones of RDS).
 */
export function tlsOptions(
  node: string,
  host: string,
  tls: NodeConfig['tls'],
  fromUrl: { mode?: TlsMode | undefined; caFile?: string | undefined } = {},
): ConnectionTarget['ssl'] {
  const mode = tls?.mode ?? fromUrl.mode ?? (isLocalHost(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  const caFile = tls?.caFile ?? fromUrl.caFile;
  const ca = caFile && caFile !== 'system' ? { ca: readAuthorities(node, caFile) } : {};
  const anyName = mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {};
  return { rejectUnauthorized: true, ...ca, ...anyName };
}
