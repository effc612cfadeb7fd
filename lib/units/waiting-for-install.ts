/**
 * Schedules start with the deployment, and `install` is called after it. Until then, a scheduled unit finds no functions, or no node
 * of its queue. This is an expected state and not an error: the unit ends `waiting-for` install.
 *
 * A unit waits only for a node that never existed. A node that was created and no longer exists (its database was lost, or restored
 * from a backup taken before) is an error for an operator. The other side distinguishes the two cases: a leaf that its root knows as
 * a subscriber existed, and a root existed if one of its leaves is a node. If both are nodes, the error remains, because something
 * different is missing. The error also remains if the check fails.
 *
 * A run for the root asks the leaves that it can reach. The deployed tick has no right to read their secrets: if the root is lost,
 * tick waits, and replay and maintain fail. A queue without leaves has no other side, and a consumer asks no other side. There, a
 * lost database looks like one before install. Status reports both (node-missing).
 */

import { isNode, isNotFound, isYetToBeMade } from '../node/yet-to-be-made.ts';
import type { Outcome } from '../outcome.ts';
import { isSubscriber, nodesOf, rootOf } from '../topology/tree.ts';
import type { Unit, UnitContext } from '../unit-context/context.ts';

/** Returns the unit, with the outcome `waiting-for` in place of the error that it raises before `install`. */
export function waitingForInstall(unit: Unit): Unit {
  return async (context) => {
    try {
      return await unit(context);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const node = await nodeToInstall(context).catch(() => null);
      if (node === null) throw error;
      const missing = `${node} is not a node of the queue ${context.queue} yet`;
      return installFirst(`${missing}; call the function install, or run: pgtide init ${context.queue}`);
    }
  };
}

export function installFirst(why: string): Outcome {
  return { kind: 'waiting-for', what: `install: ${why}`, install: true };
}

/** Returns the node that is not created yet; null if there is none, or if a node was lost. */
async function nodeToInstall(context: UnitContext): Promise<string | null> {
  const { queue, node } = context;
  const root = rootOf(context.config, queue);
  return context.connect(root, async (provider) => {
    const rootIsThere = await isNode(provider, queue);
    if (node === root) return rootIsThere || (await hasLeafWithNode(context)) ? null : root;
    return context.connect(node, async (leaf) => {
      if (rootIsThere) return (await isYetToBeMade(leaf, provider, queue)) ? node : null;
      return (await isNode(leaf, queue)) ? null : root;
    });
  });
}

/** Returns whether one of the leaves that can be reached is a node. */
async function hasLeafWithNode({ config, queue, connect }: UnitContext): Promise<boolean> {
  for (const leaf of nodesOf(config, queue, isSubscriber))
    if (await connect(leaf, (client) => isNode(client, queue)).catch(() => false)) return true;
  return false;
}
