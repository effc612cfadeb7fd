import type { Client, ConnectionTarget } from '../db/client.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';

/**
 * The locations of nodes (pgq_node.node_location). Londiste's programs connect to a location, so it has the form that libpq reads: keywords
 * and values. Every role may read it, and it is sent to all nodes, so it never holds a password: those programs take theirs from .pgpass or
 * PGPASSWORD. pgtide itself does not read it: it finds a node by its name in the configuration.
 */

/** Returns the libpq connection string of the database to which a client is connected, without a password. */
export function locationOf({ connection }: Client): string {
  const { host, port, database, user } = connection;
  // The driver keeps the options object, although its types declare a boolean.
  const ssl = connection.ssl as unknown as ConnectionTarget['ssl'];
  const parts = { host, port, dbname: database, user, sslmode: sslmodeOf(ssl) };
  return Object.entries(parts)
    .map(([keyword, value]) => `${keyword}=${quoteValue(String(value))}`)
    .join(' ');
}

/** Returns the sslmode that corresponds to the options of lib/secrets/tls.ts. */
function sslmodeOf(ssl: ConnectionTarget['ssl']): string {
  if (!ssl) return 'disable';
  if (!ssl.rejectUnauthorized) return 'require';
  return ssl.checkServerIdentity ? 'verify-ca' : 'verify-full';
}

function quoteValue(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, '\\$&')}'`;
}

/** Locations that earlier releases registered, to which no program can connect. */
const unusable = /^node:/;

/** Returns the locations of a queue's nodes that this node knows. */
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
 * Registers the location of a node, which may be the client's own, on a node. A location that is already registered stays, whatever it is:
 * Londiste's nodes have their own. Returns true if it was registered.
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
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from pgq_node.register_location($1, $2, $3, false)`,
    [queue, of.node, location],
  );
  accept(client.node, verdict);
  return true;
}

/** Copies the locations of the other nodes from a provider to a node, for a node that starts after the events that announced them. */
export async function copyLocations(provider: Client, node: Client, queue: string): Promise<void> {
  for (const other of await listLocations(provider, queue))
    if (!other.dead) await registerLocation(node, queue, other);
}
