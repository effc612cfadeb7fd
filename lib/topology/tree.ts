/**
 * Which node of a queue is what: its role, and the node that it follows. The configuration draws the tree, and this module alone reads it
 * there. All else asks for roles and providers, and so does not depend on the shape of the tree.
 */
import { type Config, configuredNodes, nodeConfig } from '../config/config.ts';
import { PgtideError } from '../errors.ts';

/** As pgq_node has them: where applications write; what follows and is followed; what only follows. */
export type Role = 'root' | 'branch' | 'leaf';

/** A node's place in the tree of a queue. */
export interface Place {
  readonly node: string;
  readonly role: Role;
  /** The node that it follows. A root is its own provider, as in pgq_node. */
  readonly provider: string;
}

/** All nodes of a queue, each after its provider: the root first. */
export function placesOf(config: Config, queue: string): [root: Place, ...others: Place[]] {
  const { root, leaves } = configuredNodes(config, queue);
  return [
    { node: root, role: 'root', provider: root },
    ...leaves.map((node): Place => ({ node, role: 'leaf', provider: root })),
  ];
}

export const isRoot = (role: Role): boolean => role === 'root';
/** True for nodes that apply what comes from their provider. */
export const isSubscriber = (role: Role): boolean => role !== 'root';

export function rootOf(config: Config, queue: string): string {
  return placesOf(config, queue)[0].node;
}

/** The nodes that follow `provider` directly. */
export function subscribersOf(config: Config, queue: string, provider: string): string[] {
  return placesOf(config, queue).flatMap((place) =>
    place.provider === provider && isSubscriber(place.role) ? [place.node] : [],
  );
}

/** The queues that have this node as their root. */
export function queuesOfRoot(config: Config, node: string): string[] {
  return Object.keys(config.queues).filter((queue) => rootOf(config, queue) === node);
}

/** The nodes of a queue whose role fits. */
export function nodesOf(config: Config, queue: string, fits: (role: Role) => boolean = () => true): string[] {
  return placesOf(config, queue).flatMap(({ node, role }) => (fits(role) ? [node] : []));
}

/**
 * Where a unit works. A queue that is not in the configuration has no tree: consumers read it on a node that they name, which is then
 * all there is of it.
 */
export function placeOf(config: Config, queue: string, node: string): Place {
  const alone: Place = { node, role: 'root', provider: node };
  if (!Object.hasOwn(config.queues, queue)) return alone;
  return placesOf(config, queue).find((place) => place.node === node) ?? alone;
}

/** The node on which a queue is: the one that is named, else the queue's root if it is configured, else the only one. */
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
