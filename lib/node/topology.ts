import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';
import { accept, type Verdict, verdictColumns } from './return-code.ts';

export type NodeType = 'root' | 'branch' | 'leaf';

/** What `pgq_node.get_node_info` knows of the local node. */
export interface NodeInfo {
  type: NodeType;
  name: string;
  provider: string;
  workerName: string;
  workerPaused: boolean;
  /** The last tick that this node has applied; on the root the newest tick. */
  tick: TickId | null;
  globalWatermark: TickId | null;
  localWatermark: TickId | null;
}

/** The consumer under which a node that we make replays a queue. Others have named theirs otherwise: ask for `workerName`. */
export function newWorkerName(queue: string, node: string): string {
  return `${queue}.${node}`;
}

/** True when this database has pgtide's schemas. */
async function isInstalled(client: Client): Promise<boolean> {
  const row = await client.first<{ installed: boolean }>(
    `select count(*) = 4 as installed from pg_catalog.pg_namespace
      where nspname in ('pgq', 'pgq_node', 'londiste', 'pgtide')`,
  );
  return row?.installed === true;
}

/** The local node of a queue; undefined when nothing is installed, or this database is not a node of the queue. */
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

/** The local node of a queue, with all of our schemas, or an error that says how to make it one. */
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

/** The nodes that read from this one, each with the consumer under which it does. */
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

/** The consumer under which a node reads from this one; if it does not, the one under which we would register it. */
export async function workerOf(provider: Client, queue: string, node: string): Promise<string> {
  const known = (await listSubscribers(provider, queue)).find((subscriber) => subscriber.node === node);
  return known?.workerName ?? newWorkerName(queue, node);
}

export interface NewNode {
  queue: string;
  type: NodeType;
  node: string;
  worker: string;
  /** Null for a root. */
  provider: string | null;
  /** Where a new leaf begins; null for a root. */
  position: TickId | null;
}

/** Makes this database a node of the queue. */
export async function createNode(client: Client, made: NewNode): Promise<void> {
  const verdict = await client.first<Verdict>(
    `select ${verdictColumns} from pgq_node.create_node($1, $2, $3, $4, $5, $6, null)`,
    [made.queue, made.type, made.node, made.worker, made.provider, made.position],
  );
  accept(client.node, verdict);
}

/**
 * Makes `node` a reader of this one that begins at `tick`, a new one (makeTick), made in a transaction of its own: a ticker must not be
 * overtaken by one that cannot see it. All tables of the node are yet to be copied, or to be declared in sync, with snapshots that see
 * whatever the tick's sees, so it needs nothing from before. Older events would even do harm: one may remove a table that has been added
 * again since. (Londiste's nodes begin at the global watermark: a branch may have to hand older events on.)
 */
export async function registerSubscriber(
  client: Client,
  queue: string,
  { node, worker, tick }: { node: string; worker: string; tick: TickId },
): Promise<void> {
  const verdict = await client.first<Verdict>(
    `select ${verdictColumns} from pgq_node.register_subscriber($1, $2, $3, $4)`,
    [queue, node, worker, tick],
  );
  accept(client.node, verdict);
}
