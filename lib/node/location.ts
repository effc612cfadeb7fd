import type { Client, ConnectionTarget } from '../db/client.ts';
import { accept, type Verdict, verdictColumns } from './return-code.ts';

/**
 * Where nodes are (pgq_node.node_location). Londiste's programs connect to what stands there, so it is what libpq reads: keywords and
 * values. Everybody may read it, and it is sent to all nodes, so it never holds a password: those programs take theirs from
 * .pgpass or PGPASSWORD. pgtide itself does not read it: a node's name leads to its configuration.
 */

/** How libpq names the database that a client is connected to, without a password. */
export function locationOf({ connection }: Client): string {
  const { host, port, database, user } = connection;
  // The driver keeps the options, and its types say that they are true or false.
  const ssl = connection.ssl as unknown as ConnectionTarget['ssl'];
  const parts = { host, port, dbname: database, user, sslmode: sslmodeOf(ssl) };
  return Object.entries(parts)
    .map(([keyword, value]) => `${keyword}=${quoteValue(String(value))}`)
    .join(' ');
}

/** As lib/secrets/tls.ts has made the options. */
function sslmodeOf(ssl: ConnectionTarget['ssl']): string {
  if (!ssl) return 'disable';
  if (!ssl.rejectUnauthorized) return 'require';
  return ssl.checkServerIdentity ? 'verify-ca' : 'verify-full';
}

function quoteValue(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, '\\$&')}'`;
}

/** What earlier releases registered, which no program could connect to. */
const unusable = /^node:/;

/** The locations that this node has of a queue's nodes. */
export function listLocations(
  client: Client,
  queue: string,
): Promise<{ node: string; location: string; dead: boolean }[]> {
  return client.query(
    `select node_name as node, node_location as location, dead from pgq_node.get_queue_locations($1)`,
    [queue],
  );
}

/**
 * Tells a node where another one, or itself, is. A location that somebody has registered already stays, whatever it is: Londiste's
 * nodes have theirs. True: it was registered.
 */
export async function registerLocation(
  client: Client,
  queue: string,
  of: { node: string; location: string },
): Promise<boolean> {
  const known = (await listLocations(client, queue)).find(({ node }) => node === of.node);
  const usable = known && !unusable.test(known.location);
  if (usable && !known.dead) return false;
  const location = usable ? known.location : of.location;
  const verdict = await client.first<Verdict>(
    `select ${verdictColumns} from pgq_node.register_location($1, $2, $3, false)`,
    [queue, of.node, location],
  );
  accept(client.node, verdict);
  return true;
}

/** Tells a node where the others are, as its provider knows it: for one that begins after the events that said so. */
export async function copyLocations(provider: Client, node: Client, queue: string): Promise<void> {
  for (const other of await listLocations(provider, queue))
    if (!other.dead) await registerLocation(node, queue, other);
}
