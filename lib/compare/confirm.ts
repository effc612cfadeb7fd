/**
 * Third step: decides which candidates permanently differ, and which are only not replicated yet.
 *
 * A round reads the subscriber (s0) and then the provider (p1). Then it creates a tick, waits until the subscriber has passed it,
 * and reads the subscriber (s1) and the provider (p2) again. The first two readings are those of the previous round.
 * If replication works, every row of the subscriber is in a state that the provider's row had, never returns to an earlier state,
 * and at s1 contains all changes made before p1. So, for one id:
 * - s1 = p1 or s1 = p2: the row arrived.
 * - p1 and p2 are one row version (same `xmin`): the provider's row did not change between them. s1 shows a state from between
 *   them, so it must be equal. It is not: a difference.
 * - s0 and s1 are one row version, different from p1: the provider's row changed after the state that s0 shows and before p1. That
 *   change must be applied by s1, as a new version. It is not: a difference. (This rule finds a row that only the subscriber has,
 *   since an absent row has no version.)
 * - Otherwise the provider's row changes during the comparison: in flight. The next round checks it again.
 */

import { type Candidate, differs, type Entry, readBoth } from './entries.ts';
import type { TablePlan } from './plan.ts';
import type { Sides } from './sides.ts';

export type Judgement = 'equal' | 'different' | 'in-flight';

type Seen = Pick<Candidate, 'subscriber' | 'provider'>;

function sameVersion(one: Entry | undefined, other: Entry | undefined): boolean {
  return one !== undefined && !differs(one, other) && one.version === other?.version;
}

/** Judges one id by two readings. Between them, the subscriber has passed a tick created after the first reading. */
export function judge(before: Seen, after: Seen): Judgement {
  if (!differs(after.subscriber, before.provider) || !differs(after.subscriber, after.provider))
    return 'equal';
  if (sameVersion(before.provider, after.provider)) return 'different';
  if (sameVersion(before.subscriber, after.subscriber)) return 'different';
  return 'in-flight';
}

export interface Judged {
  different: Candidate[];
  /** Undecided candidates, with the newest readings. */
  inFlight: Candidate[];
}

/** One table's part of a round, after the subscriber has passed a tick created after the candidates were last read. */
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
