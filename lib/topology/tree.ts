/**
 * The place of each node of a queue: its role, and the node that it follows. The configuration defines the tree, and only this module reads
 * it there. All other modules ask for roles and providers, and so do not depend on the shape of the tree.
 */
import { type Config, configuredNodes, nodeConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';

/** The roles of pgq_node. Applications write on the root. A branch follows a node and is followed. A leaf only follows. */
export type Role = 'root' | 'branch' | 'leaf';

/** A node's place in the tree of a queue. */
export interface Place {
  readonly node: string;
  readonly role: Role;
  /** The node that it follows. A root is its own provider, as in pgq_node. */
  readonly provider: string;
}

/** Returns all nodes of a queue, each after its provider; the root is first. */
export function placesOf(config: Config, queue: string): [root: Place, ...others: Place[]] {
  const { root, leaves } = configuredNodes(config, queue);
  return [
    { node: root, role: 'root', provider: root },
    ...leaves.map((node): Place => ({ node, role: 'leaf', provider: root })),
  ];
}

export const isRoot = (role: Role): boolean => role === 'root';
/** True for nodes that apply events from their provider. */
export const isSubscriber = (role: Role): boolean => role !== 'root';

export function rootOf(config: Config, queue: string): string {
  return placesOf(config, queue)[0].node;
}

/** Returns the nodes that follow `provider` directly. */
export function subscribersOf(config: Config, queue: string, provider: string): string[] {
  return placesOf(config, queue).flatMap((place) =>
    place.provider === provider && isSubscriber(place.role) ? [place.node] : [],
  );
}

/** Returns the queues that have this node as their root. */
export function queuesOfRoot(config: Config, node: string): string[] {
  return Object.keys(config.queues).filter((queue) => rootOf(config, queue) === node);
}

/** Returns the nodes of a queue whose role satisfies `fits`. */
export function nodesOf(config: Config, queue: string, fits: (role: Role) => boolean = () => true): string[] {
  return placesOf(config, queue).flatMap(({ node, role }) => (fits(role) ? [node] : []));
}

/** Returns the place of a node in the tree of a queue, or throws an error that names the nodes there are. */
export function placeOf(config: Config, queue: string, node: string): Place {
  const places = placesOf(config, queue);
  const found = places.find((place) => place.node === node);
  if (found) return found;
  throw new PgtideError('input', `${JSON.stringify(node)} is not a node of the queue ${queue}`, {
    remedy: `its nodes are: ${places.map((place) => place.node).join(', ')}`,
  });
}

/** The place of a consumer: it reads the queue of any node that it names, and the tree does not matter to it. */
export function placeAlone(node: string): Place {
  return { node, role: 'root', provider: node };
}

/** Returns the node of a queue: the named one; otherwise the queue's root if the queue is configured; otherwise the only node. */
export function nodeOfQueue(config: Config, queue: string, named?: string): string {
  if (named !== undefined) {
    nodeConfig(config, named);
    return named;
  }
  if (Object.hasOwn(config.queues, queue)) return rootOf(config, queue);
  const [only, ...others] = Object.keys(config.nodes);
  if (only !== undefined && others.length === 0) return only;
  throw new PgtideError('input', `the configuration does not say on which node the queue ${queue} is`, {
    remedy: `name one of its nodes: ${[only, ...others].join(', ')}`,
  });
}
