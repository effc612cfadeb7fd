import { refreshCapture } from '../capture/capture.ts';
import { queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { copyLocations, locationOf, registerLocation } from '../node/location.ts';
import { noteOnRole } from '../node/role-note.ts';
import { refuseSameDatabase } from '../node/same-database.ts';
import { getConsumerInfo } from '../pgq/consumer-info.ts';
import { tuneQueue } from '../pgq/queue.ts';
import { makeTick } from '../pgq/ticker.ts';
import {
  createNode,
  findNode,
  listSubscribers,
  type NodeInfo,
  newWorkerName,
  registerSubscriber,
  workerOf,
} from '../topology/local-node.ts';
import { isRoot, isSubscriber, type Place, placesOf, type Role } from '../topology/tree.ts';
import type { UnitContext } from '../unit-context/context.ts';
import { type OpenNodes, withNodes } from '../unit-context/with-nodes.ts';
import { install } from './install-schemas.ts';
import { keptFunctions } from './retired-functions.ts';

export interface NodesInstalled {
  queue: string;
  /** `note`: something that is not wrong but could be improved. */
  nodes: { name: string; type: Role; done: string[]; note?: string }[];
}

interface Wanted {
  name: string;
  type: Role;
  provider: string;
}

/**
 * Creates the configured nodes of a queue: SQL code, then the root, then the leaves. It may run again at any time; what exists already is
 * left as it is. Contradictions between the databases and the configuration are found before anything is changed.
 */
export async function installNodes(
  context: UnitContext,
  only: string[] | undefined,
): Promise<NodesInstalled> {
  const places = placesOf(context.config, context.queue);
  const root = places[0].node;
  const wanted = wantedNodes(places, context.queue, only);
  const names = [root, ...wanted.filter(({ type }) => isSubscriber(type)).map(({ name }) => name)];
  return withNodes(context, names, async (open) => {
    await refuseSharedDatabases(open, names);
    const before = new Map<string, NodeInfo | undefined>();
    for (const node of wanted) before.set(node.name, await checkNode(context, open, node));
    if (!wanted.some(({ type }) => isRoot(type))) await requireRoot(context, open, root);
    const nodes: NodesInstalled['nodes'] = [];
    for (const node of wanted) {
      const done = await context.step(`install ${node.name}`, () => installNode(context, open, node));
      context.count('nodes', 1);
      if (isSubscriber(node.type)) context.wake?.('copy', node.name);
      const note = await noteOnRole(open.of(node.name));
      nodes.push({ name: node.name, type: node.type, done, ...(note && { note }) });
    }
    return { queue: context.queue, nodes };
  });
}

function wantedNodes(places: Place[], queue: string, only: string[] | undefined): Wanted[] {
  const all = places.map(({ node, role, provider }): Wanted => ({ name: node, type: role, provider }));
  for (const name of only ?? [])
    if (!all.some((node) => node.name === name))
      throw new PgtideError('input', `${JSON.stringify(name)} is not a node of the queue ${queue}`, {
        remedy: `its nodes are: ${all.map((node) => node.name).join(', ')}`,
      });
  return only ? all.filter(({ name }) => only.includes(name)) : all;
}

async function refuseSharedDatabases(open: OpenNodes, names: string[]): Promise<void> {
  for (const [index, name] of names.entries())
    for (const earlier of names.slice(0, index)) await refuseSameDatabase(open.of(earlier), open.of(name));
}

/** Returns the node that the database already is. Throws an error if that differs from the configuration. */
async function checkNode(
  { queue }: UnitContext,
  open: OpenNodes,
  wanted: Wanted,
): Promise<NodeInfo | undefined> {
  const found = await findNode(open.of(wanted.name), queue);
  if (!found) return undefined;
  const differences = [
    found.name !== wanted.name && `it is called ${found.name}`,
    found.type !== wanted.type && `it is a ${found.type}, and should be a ${wanted.type}`,
    found.provider !== wanted.provider &&
      `it follows ${found.provider}, and should follow ${wanted.provider}`,
  ].filter((difference) => difference !== false);
  if (differences.length === 0) return found;
  throw new PgtideError(
    'state',
    `${wanted.name} is already a node of the queue ${queue}, but ${differences.join('; ')}`,
    {
      remedy: `correct the configuration, or drop that node: select * from pgq_node.drop_node('${queue}', '${found.name}')`,
    },
  );
}

async function requireRoot({ queue }: UnitContext, open: OpenNodes, root: string): Promise<void> {
  const found = await findNode(open.of(root), queue);
  if (found?.type === 'root' && found.name === root) return;
  throw new PgtideError('state', `${root} is not yet the root of the queue ${queue}`, {
    remedy: `install ${root} first`,
  });
}

async function installNode(context: UnitContext, open: OpenNodes, node: Wanted): Promise<string[]> {
  const done: string[] = [];
  const { installed, upgraded, retired } = await install(open.of(node.name));
  if (installed.length > 0) done.push(`installed the schemas ${installed.join(', ')}`);
  if (upgraded.length > 0) done.push(`brought the schemas ${upgraded.join(', ')} up to date`);
  if (retired.length > 0) done.push(keptFunctions(retired));
  if (node.type === 'root') await makeRoot(context, open, { node, done });
  else await makeLeaf(context, open, { node, done });
  return done;
}

interface Making {
  node: Wanted;
  /** The steps that were done, for the result. */
  done: string[];
}

async function makeRoot({ config, queue }: UnitContext, open: OpenNodes, making: Making): Promise<void> {
  const { name } = making.node;
  const client = open.of(name);
  await client.transaction({}, async () => {
    const there = await findNode(client, queue);
    await locate(making, client, queue, client);
    if (!there) {
      const worker = newWorkerName(queue, name);
      await createNode(client, { queue, type: 'root', node: name, worker, provider: null, position: null });
      making.done.push(`created the root of the queue ${queue}`);
    }
    const changed = await tuneQueue(client, queue, queueConfig(config, queue));
    if (changed.length > 0) making.done.push(`set ${changed.join(', ')}`);
  });
  const refreshed = await refreshCapture(client, queue, queueConfig(config, queue));
  if (refreshed.length > 0) making.done.push(`brought the capture of ${refreshed.join(', ')} up to date`);
}

/** Registers the location of `of` on `client` if it has none. Nodes that other programs have created keep their locations. */
async function locate(making: Making, client: Client, queue: string, of: Client): Promise<void> {
  if (await registerLocation(client, queue, { node: of.node, location: locationOf(of) }))
    making.done.push(`registered in ${client.node} where ${of.node} is`);
}

/**
 * Creates a leaf. The provider's side commits first: a subscription that is not used yet keeps the events that the leaf will need. If a run
 * ends between the two sides, the next run continues at the position that the provider keeps.
 */
async function makeLeaf({ queue }: UnitContext, open: OpenNodes, making: Making): Promise<void> {
  const { name, provider } = making.node;
  const [upstream, client] = [open.of(provider), open.of(name)];
  const subscribed = (await listSubscribers(upstream, queue)).some(({ node }) => node === name);
  const there = await findNode(client, queue);
  if (there && !subscribed)
    throw new PgtideError(
      'lost-position',
      `${name} is a leaf of ${queue}, but ${provider} does not know it`,
      {
        remedy: `pgtide resync ${queue} --all registers it and copies its tables again`,
      },
    );
  const worker = await workerOf(upstream, queue, name);
  const tick = subscribed ? null : await makeTick(upstream, queue);
  const position = await upstream.transaction({}, async () => {
    await locate(making, upstream, queue, client);
    if (tick === null) return (await getConsumerInfo(upstream, queue, worker))?.lastTick ?? null;
    making.done.push(`subscribed to ${provider}`);
    await registerSubscriber(upstream, queue, { node: name, worker, tick });
    return tick;
  });
  await client.transaction({}, async () => {
    await locate(making, client, queue, upstream);
    await locate(making, client, queue, client);
    if (there) return;
    await copyLocations(upstream, client, queue);
    await createNode(client, { queue, type: 'leaf', node: name, worker, provider, position });
    making.done.push(`created a leaf of the queue ${queue} at tick ${position}`);
  });
}
