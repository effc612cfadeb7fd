import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';
import type { Role } from './tree.ts';

/** The local node, as `pgq_node.get_node_info` returns it. */
export interface NodeInfo {
  type: Role;
  name: string;
  provider: string;
  workerName: string;
  workerPaused: boolean;
  /** The last tick that this node has applied; on the root, the newest tick. */
  tick: TickId | null;
  globalWatermark: TickId | null;
  localWatermark: TickId | null;
}

/**
 * Returns the consumer name under which a node that pgtide creates replays a queue. Nodes of other programs may have other names: use
 * `workerName`.
 */
export function newWorkerName(queue: string, node: string): string {
  return `${queue}.${node}`;
}

/** Returns whether this database has pgtide's schemas. */
async function isInstalled(client: Client): Promise<boolean> {
  const row = await client.first<{ installed: boolean }>(
    `select count(*) = 4 as installed from pg_catalog.pg_namespace
      where nspname in ('pgq', 'pgq_node', 'londiste', 'pgtide')`,
  );
  return row?.installed === true;
}

/** Returns the local node of a queue; undefined if nothing is installed, or if this database is not a node of the queue. */
export async function findNode(client: Client, queue: string): Promise<NodeInfo | undefined> {
  const there = await client.first<{ found: boolean }>(
    `select pg_catalog.to_regclass('pgq_node.node_info') is not null as found`,
  );
  if (!there?.found) return undefined;
  return client.first<NodeInfo>(
    `select node_type as type, node_name as name, provider_node as provider, worker_name as "workerName",
            coalesce(worker_paused, false) as "workerPaused", worker_last_tick::bigint as tick,
            global_watermark::bigint as "globalWatermark", local_watermark::bigint as "localWatermark"
       from pgq_node.get_node_info($1) where ret_code < 300`,
    [queue],
  );
}

/**
 * Returns the local node of a queue, with all of pgtide's schemas. Otherwise throws an error that states how to make this database such a
 * node.
 */
export async function requireNode(client: Client, queue: string): Promise<NodeInfo> {
  const info = await findNode(client, queue);
  const remedy = `run: pgtide init ${queue}`;
  if (!info)
    throw new PgtideError('not-found', `${client.node}: this database is not a node of the queue ${queue}`, {
      remedy,
    });
  if (!(await isInstalled(client)))
    throw new PgtideError(
      'not-found',
      `${client.node}: this database is a node of the queue ${queue}, but does not have the schema pgtide`,
      { remedy },
    );
  return info;
}

/** Returns the nodes that read from this one, each with the consumer name under which it reads. */
export function listSubscribers(
  client: Client,
  queue: string,
): Promise<{ node: string; workerName: string; watermark: TickId }[]> {
  return client.query(
    `select node_name as node, worker_name as "workerName", node_watermark::bigint as watermark
       from pgq_node.get_subscriber_info($1)`,
    [queue],
  );
}

/**
 * Returns the consumer name under which a node reads from this one; if it does not read from it, the name under which pgtide would register
 * it.
 */
export async function workerOf(provider: Client, queue: string, node: string): Promise<string> {
  const known = (await listSubscribers(provider, queue)).find((subscriber) => subscriber.node === node);
  return known?.workerName ?? newWorkerName(queue, node);
}

export interface NewNode {
  queue: string;
  type: Role;
  node: string;
  worker: string;
  /** Null for a root. */
  provider: string | null;
  /** The tick at which a new leaf begins; null for a root. */
  position: TickId | null;
}

/** Makes this database a node of the queue. */
export async function createNode(client: Client, made: NewNode): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from pgq_node.create_node($1, $2, $3, $4, $5, $6, null)`,
    [made.queue, made.type, made.node, made.worker, made.provider, made.position],
  );
  accept(client.node, verdict);
}

/**
 * Registers `node` as a subscriber of this one that begins at `tick`. `tick` is a new tick (makeTick) from a separate transaction, because
 * a ticker must not be overtaken by one that cannot see it.
 *
 * All tables of the node are yet to be copied, or to be declared in sync, with snapshots that see everything that the tick's snapshot sees.
 * So the node needs no older events. Older events would even do harm: one of them may remove a table that has been added again since.
 * (Londiste's nodes begin at the global watermark, because a branch may have to pass on older events.)
 */
export async function registerSubscriber(
  client: Client,
  queue: string,
  { node, worker, tick }: { node: string; worker: string; tick: TickId },
): Promise<void> {
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from pgq_node.register_subscriber($1, $2, $3, $4)`,
    [queue, node, worker, tick],
  );
  accept(client.node, verdict);
}
