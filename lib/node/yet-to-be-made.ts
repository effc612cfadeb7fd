/** Nodes that the configuration names and that `install` has not created yet. */
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { findNode, listSubscribers } from '../topology/local-node.ts';

export function isNotFound(error: unknown): boolean {
  return error instanceof PgtideError && error.kind === 'not-found';
}

/** Returns whether a leaf is not a node yet and its root does not know it. */
export async function isYetToBeMade(leaf: Client, root: Client, queue: string): Promise<boolean> {
  if (await isNode(leaf, queue)) return false;
  const known = await listSubscribers(root, queue);
  return known.every(({ node }) => node !== leaf.node);
}

/** Returns whether the database is a node of the queue. */
export async function isNode(client: Client, queue: string): Promise<boolean> {
  return (await findNode(client, queue)) !== undefined;
}
