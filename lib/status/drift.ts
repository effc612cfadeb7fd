import type { Client } from '../db/client.ts';
import { compareTables } from '../tables/comparison.ts';
import type { Problem } from './problem.ts';

/** Tables whose columns or keys do not fit on the two sides (any more). */
export async function driftProblems(
  root: Client,
  leaf: Client,
  names: readonly string[],
): Promise<Problem[]> {
  const found = await compareTables(root, leaf, names);
  return found.map(({ message, remedy }) => ({
    code: 'structure-drift',
    message: `${leaf.node}: ${message}`,
    remedy,
  }));
}
