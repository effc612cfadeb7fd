import type { Client } from '../db/client.ts';
import { listJoining } from '../node/member-change.ts';
import { getPosition } from '../node/position.ts';
import type { Obstacle } from '../obstacle.ts';
import { requireNode } from '../topology/local-node.ts';
import { listSequences } from './member-sequences.ts';
import { listTables } from './member-tables.ts';

/**
 * Returns an obstacle for each name that the root does not have and whose removal a leaf has not replayed: replay would remove it again.
 * This is the case if the leaf still knows the name, or if the removal is among the events that the leaf has not reached.
 */
export async function unfinishedRemovals(
  root: Client,
  leaf: Client,
  { queue, names }: { queue: string; names: readonly string[] },
): Promise<Obstacle[]> {
  if (names.length === 0) return [];
  const known = [...(await listTables(leaf, queue)), ...(await listSequences(leaf, queue))];
  const joining = new Set(await listJoining(leaf, queue));
  const unmet = await listUnmet(root, leaf, queue);
  const removed = new Set([...known.map(({ name }) => name).filter((name) => !joining.has(name)), ...unmet]);
  return names
    .filter((name) => removed.has(name))
    .map((name) => ({
      kind: 'busy',
      text: `${leaf.node}: ${name} was removed, and the event that says so has not been replayed here`,
      remedy: `let replay come to it (locally: pgtide run ${queue} --until idle), then add the tables again`,
    }));
}

async function listUnmet(root: Client, leaf: Client, queue: string): Promise<string[]> {
  const { workerName } = await requireNode(leaf, queue);
  const position = await getPosition(leaf, queue, workerName);
  if (!position) return [];
  const rows = await root.query<{ name: string }>('select r as name from pgtide.pending_removals($1, $2) r', [
    queue,
    position.tick,
  ]);
  return rows.map(({ name }) => name);
}
