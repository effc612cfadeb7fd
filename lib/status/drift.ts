import type { Client } from '../db/client.ts';
import { compareStructure, describeTable } from '../tables/structure.ts';
import type { Problem } from './problem.ts';

/** Tables whose columns or keys do not fit on the two sides (any more). */
export async function driftProblems(
  root: Client,
  leaf: Client,
  names: readonly string[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const name of names) {
    const [provider, subscriber] = [await describeTable(root, name), await describeTable(leaf, name)];
    if (!provider || !subscriber) continue;
    for (const { message, remedy } of compareStructure(provider, subscriber))
      problems.push({ code: 'structure-drift', message: `${leaf.node}: ${message}`, remedy: remedy ?? '' });
  }
  return problems;
}
