import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { listSequences, sequenceValues } from '../membership/member-sequences.ts';
import type { Problem } from './found-problem.ts';
import type { SequenceStatus } from './shape.ts';

/** Returns the sequences that a leaf follows, with the values on both sides. */
export async function readSequences(
  leaf: Client,
  queue: string,
  root: Client | undefined,
): Promise<{ sequences: SequenceStatus[]; problems: Problem[] }> {
  const names = (await listSequences(leaf, queue)).filter(({ local }) => local).map(({ name }) => name);
  const [here, there] = await both(
    sequenceValues(leaf, names),
    root ? sequenceValues(root, names) : Promise.resolve(new Map<string, bigint>()),
  );
  const sequences = names.map((name) => ({
    name,
    providerValue: asNumber(there?.get(name)),
    subscriberValue: asNumber(here?.get(name)),
  }));
  const problems = (here ? sequences : [])
    .filter(({ providerValue, subscriberValue }) => (providerValue ?? 0) > (subscriberValue ?? 0))
    .map(({ name, providerValue, subscriberValue }) => ({
      code: 'sequence-behind' as const,
      message: `${leaf.node}: ${name} is at ${subscriberValue}, and at ${providerValue} on the root`,
      remedy: 'wait until maintain and replay have run once more before writing to this node',
    }));
  return { sequences, problems };
}

function asNumber(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}
