/**
 * Schedules begin with the deployment, and `install` is called after it: until then a scheduled unit finds no functions, or no node of
 * its queue. That is an expected state, and not an error: the unit ends `waiting-for` install.
 *
 * Only what was never there is waited for. A node that was made and is not there any more (a database that was lost, or restored
 * from before) is an error for an operator. The other side tells the two apart: a leaf that its root knows as a subscriber was
 * there, and so was a root if one of its leaves is a node. Also where both are nodes the error stays: something else is missing. So it
 * does where looking fails.
 *
 * A run for the root asks the leaves that it can reach. The deployed tick has no right to their secrets: of a lost root it waits, and
 * replay and maintain fail. A queue without leaves has no other side, and a consumer asks none: there a database that was lost
 * looks as one before install. Status reports both (node-missing).
 */

import { isNode, isNotFound, isYetToBeMade } from '../node/yet-to-be-made.ts';
import type { Outcome } from '../outcome.ts';
import { isSubscriber, nodesOf, rootOf } from '../topology/tree.ts';
import type { Unit, UnitContext } from '../unit-context/context.ts';

/** The unit, with `waiting-for` in place of the error that it meets before `install`. */
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

/** The node that is yet to be made; null where there is none, or one has been lost. */
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

/** True where one of the leaves that can be reached is a node. */
async function hasLeafWithNode({ config, queue, connect }: UnitContext): Promise<boolean> {
  for (const leaf of nodesOf(config, queue, isSubscriber))
    if (await connect(leaf, (client) => isNode(client, queue)).catch(() => false)) return true;
  return false;
}
