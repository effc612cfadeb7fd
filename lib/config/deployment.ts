/**
 * What a deployment takes from a configuration: the files that functions need beside it. Also finds settings that
 * functions could not use, because only the operator's machine has what they name: the functions would be deployed,
 * and each of their runs would fail.
 */
import { statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import type { Config, NodeConfig } from './config.ts';
import { caFileInUrl, isLocalHost, parsePostgresUrl } from './postgres-url.ts';
import { SYSTEM_AUTHORITIES } from './schema.ts';

export interface Deployment {
  /** Relative to the configuration's folder, with slashes. */
  files: string[];
  problems: string[];
}

/** Folders that exist where functions run: those of Lambda, of its image, and of layers. */
const LAMBDA_FOLDERS = ['/var/runtime/', '/etc/pki/', '/opt/'];
const INTO_A_SECRET = 'put the connection into Secrets Manager and name it as secret';

/** `config` is as `parseConfig` returns it, with paths as they are written; `folder` is the folder that holds it. */
export function deploymentOf(config: Config, folder: string): Deployment {
  const files = new Set<string>();
  const problems: string[] = [];
  for (const [name, node] of Object.entries(config.nodes)) {
    problems.push(...urlProblems(node.url).map((problem) => `nodes.${name}.url: ${problem}`));
    problems.push(...hostProblems(node.host).map((problem) => `nodes.${name}.host: ${problem}`));
    for (const { key, caFile, remedy } of authoritiesOf(node)) {
      const problem = fileProblem(folder, caFile, remedy);
      if (problem) problems.push(`nodes.${name}.${key}: ${caFile} ${problem}`);
      else if (!isAbsolute(caFile)) files.add(normalize(caFile).replaceAll('\\', '/'));
    }
  }
  const { endpoint } = config.lease;
  for (const problem of hostProblems(endpoint && new URL(endpoint).hostname))
    problems.push(`lease.endpoint: ${problem}, or remove it`);
  return { files: [...files].sort(), problems };
}

function hostProblems(host: string | undefined): string[] {
  if (host === undefined || !isLocalHost(host)) return [];
  return [`${host} is on this machine, where functions do not run; name a host that they reach`];
}

function urlProblems(url: string | undefined): string[] {
  if (url === undefined) return [];
  if (url.startsWith('env:'))
    return [`functions do not have the environment variable ${url.slice('env:'.length)}; ${INTO_A_SECRET}`];
  const { host, user, password } = parsePostgresUrl(url);
  return [
    ...hostProblems(host),
    ...(user === undefined
      ? ['has no user, and the one that functions run as is not yours; write it into the url']
      : []),
    ...(password === undefined ? [] : [`has a password, which would be in the package; ${INTO_A_SECRET}`]),
  ];
}

interface Authorities {
  key: string;
  caFile: string;
  remedy: string;
}

function authoritiesOf({ url, tls }: NodeConfig): Authorities[] {
  return [
    { key: 'tls.caFile', caFile: tls?.caFile, remedy: 'correct it' },
    { key: 'url', caFile: caFileInUrl(url), remedy: 'correct its sslrootcert' },
  ].filter((each): each is Authorities => each.caFile !== undefined && each.caFile !== SYSTEM_AUTHORITIES);
}

function fileProblem(folder: string, caFile: string, remedy: string): string | undefined {
  if (LAMBDA_FOLDERS.some((there) => caFile.startsWith(there))) return undefined;
  if (isAbsolute(caFile) || normalize(caFile).startsWith('..'))
    return 'is not packaged; put it beside the configuration, and name it from there';
  if (caFile.includes('\\'))
    return 'has a backslash, which separates no folders where functions run; write /';
  if (statSync(join(folder, caFile), { throwIfNoEntry: false })?.isFile()) return undefined;
  return `is not a file; ${remedy}`;
}
