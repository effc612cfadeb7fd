/**
 * Third step: which candidates differ for good, and which are only on their way.
 *
 * A round reads, in this order: the subscriber (s0), the provider (p1), then makes a tick, waits until the subscriber has
 * passed it, and reads the subscriber (s1) and the provider (p2) again. The first two readings are the round before's.
 * Replication that works leaves every row of the subscriber in some state that the provider's row had, never goes back,
 * and has applied at s1 all that had happened at p1. So, for one id:
 * - s1 = p1 or s1 = p2: it arrived.
 * - p1 and p2 are one row version (same `xmin`): the provider's row did not change between them, so s1, which shows a
 *   state from between them, had to be equal. It is not: a difference.
 * - s0 and s1 are one row version, other than p1: the provider's row changed after the state that s0 shows and before
 *   p1; by s1 that change had to be applied, and a new version be there. It is not: a difference. (This is how a row that
 *   only the subscriber has is found, since absence has no version.)
 * - Otherwise the provider's row changes while it is looked at: in flight; the next round looks again.
 */

import { type Candidate, differs, type Entry, readBoth } from './entries.ts';
import type { TablePlan } from './plan.ts';
import type { Sides } from './sides.ts';

export type Judgement = 'equal' | 'different' | 'in-flight';

type Seen = Pick<Candidate, 'subscriber' | 'provider'>;

function sameVersion(one: Entry | undefined, other: Entry | undefined): boolean {
  return one !== undefined && !differs(one, other) && one.version === other?.version;
}

/** Judges one id by two readings; before the second one the subscriber passed a tick made after the first one. */
export function judge(before: Seen, after: Seen): Judgement {
  if (!differs(after.subscriber, before.provider) || !differs(after.subscriber, after.provider))
    return 'equal';
  if (sameVersion(before.provider, after.provider)) return 'different';
  if (sameVersion(before.subscriber, after.subscriber)) return 'different';
  return 'in-flight';
}

export interface Judged {
  different: Candidate[];
  /** Not decided; they carry the newest readings. */
  inFlight: Candidate[];
}

/** One table's part of a round, after the subscriber has passed a tick made after the candidates were last read. */
export async function judgeCandidates(
  sides: Sides,
  plan: TablePlan,
  candidates: readonly Candidate[],
): Promise<Judged> {
  const { subscriber, provider } = await readBoth(sides, plan, { wanted: candidates });
  const judged: Judged = { different: [], inFlight: [] };
  for (const candidate of candidates) {
    const after = { subscriber: subscriber.get(candidate.id), provider: provider.get(candidate.id) };
    const judgement = judge(candidate, after);
    if (judgement === 'different') judged.different.push({ ...candidate, subscriber: after.subscriber });
    if (judgement === 'in-flight') judged.inFlight.push({ ...candidate, ...after });
  }
  return judged;
}
