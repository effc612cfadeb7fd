/**
 * Exact copy of a table in chunks while replay runs, with no long transaction, no slot and no second consumer. This header is
 * the proof. The rules themselves are SQL, because they must hold inside the subscriber's transactions (pgtide.announce_chunk,
 * commit_chunk, judge_stage, _settle_copies). The model test checks them.
 *
 * A chunk is a range of the key. Its states (lib/states.ts), and the steps that set them:
 *   pending    no run has begun the chunk                               (plan; a failed attempt)
 *   announced  a run has committed that it will copy the chunk, and only then takes the snapshot S  (copy)
 *   copied     the rows as S saw them are in the table, and S is stored, in one transaction         (copy)
 * Replay judges each event e of the table, in the transaction that moves the position past e, by the state of the chunk that
 * contains e's key. It opens e's batch before it reads the states, and reads them once:
 *   pending    skip e
 *   announced  park e in the subscriber
 *   copied     first the parked events, then e: apply an event that S does not see, drop an event that S sees
 *
 * Claim: once all chunks are copied, nothing is parked, and the position is at a tick T that sees all that any S sees, the
 * table equals the provider's at T. Take any event e, of transaction x, in a batch up to T. It must take effect exactly once.
 *   1. e is judged while the chunk is pending. x committed before e's batch ended, and so before the states were read. The chunk
 *      was announced after that read (otherwise the read would have seen it, since an announcement commits on its own), and S was
 *      taken after the announcement. So S sees x: e's effect is in the copied rows, and skipping e is right. It remains right if
 *      that attempt fails, because the next snapshot is even later.
 *   2. e is judged while the chunk is announced. e is parked, and judged again by the S that is finally committed, whichever
 *      attempt took it.
 *   3. e is judged by S. If S sees x, the effect is in the rows. If S does not see x, the effect is not in the rows, and applying e
 *      adds it. The rows of the chunk were committed before the state `copied` could be read.
 * Order: per key, ev_id order is the order of row versions (capture ensures this), and parked events are older than the events of
 * later batches. A change of key is a delete in one chunk and an insert in another, each judged separately.
 * Later events: no S ⊆ T sees an x that T does not see, so once the table is `ok`, no event needs to be judged. Only replay sets a
 * table to `ok`, because only replay knows the position.
 * Reason for the state announced: without it, replay could find `pending` for an x that commits after S, if it replays x before the
 * chunk's commit. It would skip the event, and the change would be lost.
 *
 * Two copiers of one chunk: each announcement increments the chunk's attempt, and a commit succeeds only if the attempt is still
 * its own. A copy that starts over (TRUNCATE, resync, another provider: snapshots mean nothing there) increments the table's
 * generation, and a chunk's commit succeeds only if the generation is still its own. Only the provider determines which chunk a key
 * belongs to, since collations differ between servers.
 *
 * After the last chunk, the table is `catching-up` until the claim's condition holds. Then, if indexes were dropped, it is
 * `restoring`: replay parks the table's events, so that the table stays as it was at T, unique and consistent, while indexes are
 * built. Then it is `restored`, and the next replay transaction releases the parked events and sets the table to `ok`.
 */
import type { Client } from '../db/client.ts';
import type { CopyPhase } from '../states.ts';

/** A table that waits for its copy to be planned. */
export interface UnplannedTable {
  table: string;
}

export function listUnplanned(subscriber: Client, queue: string): Promise<UnplannedTable[]> {
  return subscriber.query<UnplannedTable>(
    `select t.table_name as "table"
       from londiste.table_info t
      where t.queue_name = $1 and t.local and t.merge_state is null
      order by t.nr`,
    [queue],
  );
}

/** Counts the tables in each phase of their copy. */
export async function countPhases(
  subscriber: Client,
  queue: string,
): Promise<Partial<Record<CopyPhase, number>>> {
  const rows = await subscriber.query<{ phase: CopyPhase; tables: number }>(
    `select phase, count(*)::int as tables from pgtide.table_state
      where queue_name = $1 and phase is not null and error is null group by phase`,
    [queue],
  );
  return Object.fromEntries(rows.map((row) => [row.phase, row.tables]));
}

/** Progress of a table's copy: rows and bytes of the copied chunks, and the estimated total number of rows. */
export interface CopiedSoFar {
  table: string;
  rows: number;
  bytes: number;
  totalRows: number;
}

export function listCopied(subscriber: Client, queue: string): Promise<CopiedSoFar[]> {
  return subscriber.query<CopiedSoFar>(
    `select s.table_name as "table", coalesce(sum(c.rows), 0)::float8 as rows, coalesce(sum(c.bytes), 0)::float8 as bytes,
            coalesce(s.total_rows_estimate, 0)::float8 as "totalRows"
       from pgtide.table_state s
       left join pgtide.copy_chunk c using (queue_name, table_name)
      where s.queue_name = $1 and s.phase = 'copying'
      group by s.table_name, s.total_rows_estimate`,
    [queue],
  );
}
