import { PgtideError } from '../errors.ts';
import { type Problem, shown } from './describe-issue.ts';
import { parsePostgresUrl } from './postgres-url.ts';

type Raw = Record<string, unknown>;

const asRecord = (value: unknown): Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};

const own = (record: Raw, key: string): unknown => (Object.hasOwn(record, key) ? record[key] : undefined);

const place = (host: string, port: unknown, database: unknown) => `${host.toLowerCase()}:${port}/${database}`;

/** Returns which database a node means, as far as the file shows: two nodes with the same result are one database. */
function placeOf(node: unknown): string | undefined {
  const { url, secret, host, port, dbname } = asRecord(node);
  if (typeof secret === 'string') {
    const whole = [host, port, dbname].every((part) => part !== undefined);
    return whole ? place(String(host), port, dbname) : JSON.stringify([secret, host, port, dbname]);
  }
  if (typeof url !== 'string') return undefined;
  if (url.startsWith('env:')) return url;
  try {
    const { host, port, database, user } = parsePostgresUrl(url);
    return place(host, port, database ?? user ?? '');
  } catch (error) {
    if (error instanceof PgtideError) return undefined;
    throw error;
  }
}

function strayBesideUrl(name: string, node: Raw): Problem[] {
  return ['host', 'port', 'dbname']
    .filter((key) => own(node, key) !== undefined)
    .map((key) => ({
      path: ['nodes', name, key],
      text: 'stands beside secret alone; write it into the url',
    }));
}

function nodeContradictions(nodes: Raw): Problem[] {
  return Object.entries(nodes).flatMap(([name, node]) => {
    if (typeof node !== 'object' || node === null) return [];
    const { url, secret } = asRecord(node);
    const stray = url === undefined || secret !== undefined ? [] : strayBesideUrl(name, asRecord(node));
    const given = [url, secret].filter((value) => value !== undefined).length;
    if (given === 1) return stray;
    const text =
      given === 0 ? 'has neither url nor secret; say where the database is' : 'has url and secret; keep one';
    return [{ path: ['nodes', name], text }];
  });
}

function memberContradictions(
  queue: string,
  members: { path: PropertyKey[]; node: string }[],
  nodes: Raw,
): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const known = Object.keys(nodes).join(', ') || 'none';
  for (const { path, node } of members) {
    const named = seen.has(node);
    if (!Object.hasOwn(nodes, node)) {
      problems.push({ path, text: `${shown(node)} is not a node of this file; its nodes are: ${known}` });
    } else if (named) {
      problems.push({ path, text: `${shown(node)} is named twice in the queue ${queue}; name a node once` });
    } else {
      const place = placeOf(own(nodes, node));
      const other = [...seen].find((name) => place !== undefined && placeOf(own(nodes, name)) === place);
      if (other !== undefined)
        problems.push({
          path,
          text: `${shown(node)} is the same database as ${shown(other)}; the nodes of a queue are different databases`,
        });
    }
    seen.add(node);
  }
  return problems;
}

/**
 * Finds problems that no single key causes. Works on the raw file, so that they are reported together with the other
 * problems. Skips values of the wrong type, which are reported already.
 */
export function contradictions(raw: unknown): Problem[] {
  const nodes = asRecord(asRecord(raw).nodes);
  const queues = asRecord(asRecord(raw).queues);
  const ofQueues = Object.entries(queues).flatMap(([queue, value]) => {
    const { root, leaves } = asRecord(value);
    const members = [
      { path: ['queues', queue, 'root'] as PropertyKey[], node: root },
      ...(Array.isArray(leaves) ? leaves : []).map((node: unknown, index) => ({
        path: ['queues', queue, 'leaves', index] as PropertyKey[],
        node,
      })),
    ];
    const named = members.filter(
      (member): member is { path: PropertyKey[]; node: string } => typeof member.node === 'string',
    );
    return memberContradictions(queue, named, nodes);
  });
  return [...nodeContradictions(nodes), ...ofQueues];
}
