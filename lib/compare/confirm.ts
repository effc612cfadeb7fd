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
import type { Client } from '../db/client.ts';
import {
  type Candidate,
  differs,
  type Entry,
  type EntryRow,
  entriesSql,
  entryColumns,
  entryOf,
} from './candidates.ts';
import { readOnly, type Sides } from './checksum.ts';
import type { SidePlan, TablePlan } from './plan.ts';

export type Judgement = 'equal' | 'different' | 'in-flight';

export interface Reading {
  subscriber: Entry | undefined;
  provider: Entry | undefined;
}

function sameVersion(one: Entry | undefined, other: Entry | undefined): boolean {
  return one !== undefined && !differs(one, other) && one.version === other?.version;
}

/** Judges one id by two readings; before the second one the subscriber passed a tick made after the first one. */
export function judge(before: Reading, after: Reading): Judgement {
  if (!differs(after.subscriber, before.provider) || !differs(after.subscriber, after.provider))
    return 'equal';
  if (sameVersion(before.provider, after.provider)) return 'different';
  if (sameVersion(before.subscriber, after.subscriber)) return 'different';
  return 'in-flight';
}

const KEYS_PER_READING = 5_000;

function readingSql(side: SidePlan): string {
  if (side.keyEquals.length === 0) {
    const hashed = `select ${side.rowHash} as id, t.xmin::text::int8 as version from ${side.from} offset 0`;
    return entriesSql(`select h.id, h.id as hash, h.version, null::text[] as key
      from (${hashed}) as h join unnest($1::int8[]) as w(id) on w.id = h.id`);
  }
  const texts = side.keyEquals.map((_, nr) => `$${nr + 1}::text[]`).join(', ');
  const names = side.keyEquals.map((_, nr) => `c${nr}`).join(', ');
  const conditions = side.keyEquals.map((equals, nr) => equals(`k.c${nr}`)).join(' and ');
  return entriesSql(
    `select ${entryColumns(side)} from unnest(${texts}) as k(${names}) join ${side.from} on ${conditions}`,
  );
}

/** Reads the candidates' present entries on one side, by key. */
async function readEntries(
  client: Client,
  sides: Sides,
  side: SidePlan,
  candidates: readonly Candidate[],
): Promise<Map<bigint, EntryRow>> {
  const entries = new Map<bigint, EntryRow>();
  for (let from = 0; from < candidates.length; from += KEYS_PER_READING) {
    const some = candidates.slice(from, from + KEYS_PER_READING);
    const values =
      side.keyEquals.length === 0
        ? [some.map((candidate) => candidate.id)]
        : side.keyEquals.map((_, nr) => some.map((candidate) => candidate.key?.[nr] ?? null));
    const rows = await readOnly(client, sides.budget, () => client.query<EntryRow>(readingSql(side), values));
    for (const row of rows) entries.set(row.id, row);
  }
  return entries;
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
  const subscriber = await readEntries(sides.subscriber, sides, plan.subscriber, candidates);
  const provider = await readEntries(sides.provider, sides, plan.provider, candidates);
  const judged: Judged = { different: [], inFlight: [] };
  for (const candidate of candidates) {
    const after = {
      subscriber: entryOf(subscriber.get(candidate.id)),
      provider: entryOf(provider.get(candidate.id)),
    };
    const judgement = judge(candidate, after);
    if (judgement === 'different') judged.different.push({ ...candidate, subscriber: after.subscriber });
    if (judgement === 'in-flight') judged.inFlight.push({ ...candidate, ...after });
  }
  return judged;
}
