/**
 * How a table gets into step: exact chunked copy beside running replay, with no long transaction, no slot, no second
 * consumer. This header is the proof; the rules themselves are SQL, because they must hold inside the subscriber's
 * transactions (pgtide.announce_chunk, commit_chunk, judge_stage, _settle_copies); the model test checks them.
 *
 * A chunk is a range of the key. Its states (lib/states.ts), and who sets them:
 *   pending    no run has begun                                         (plan; a failed attempt)
 *   announced  a run has committed that it will copy the chunk, and only then takes the snapshot S  (copy)
 *   copied     the rows as S saw them are in the table, and S is stored, in one transaction         (copy)
 * Replay judges each event e of the table, in the transaction that moves the position past e, by the state of the chunk that
 * e's key falls into. It has opened e's batch before it reads the states, and reads them once:
 *   pending    skip e
 *   announced  park e in the subscriber
 *   copied     first what is parked, then e: apply what S does not see, drop what it does
 *
 * Claim: once all chunks are copied, nothing is parked, and the position is at a tick T that sees all that any S sees, the
 * table equals the provider's at T. Take any event e, of transaction x, in a batch up to T. It must take effect exactly once.
 *   1. Judged while pending. x had committed before e's batch ended, and so before the states were read. The chunk was
 *      announced after that read (else the read had seen it, since an announcement commits on its own), and S taken after
 *      the announcement. So S sees x: e's effect is in the copied rows, and skipping is right. It stays right when that attempt
 *      fails: the next snapshot is later still.
 *   2. Judged while announced. Parked, and judged again by the S that was committed in the end, whichever attempt took it.
 *   3. Judged by S. If S sees x, the effect is in the rows; if not, it is not, and applying puts it there. The rows of the
 *      chunk were committed before the state `copied` could be read.
 * Order: per key, ev_id order is the order of row versions (capture sees to that), and parked events are older than those of
 * later batches. A change of key is a delete in one chunk and an insert in another, each judged by itself.
 * The batch's own later events: no x that T does not see is seen by any S ⊆ T, so after the table is `ok` no event needs to be
 * judged any more. Only replay turns a table `ok`: it alone knows the position.
 * Why announced exists: without it, an x that commits after S and is replayed before the chunk's commit would meet `pending`,
 * be skipped, and be lost.
 *
 * Two copiers of one chunk: each announcement raises the chunk's attempt, and a commit must find its own. A copy that starts
 * over (TRUNCATE, resync, another provider: snapshots mean nothing there) raises the table's generation, and a chunk's commit must
 * find its own. The provider alone says which chunk a key belongs to, since collations differ between servers.
 *
 * After the last chunk: `catching-up` until the claim's condition holds; then, if indexes were taken off, `restoring`: replay
 * parks the table's events, so that the table stays as it was at T, unique and consistent, while indexes are built;
 * then `restored`, and the next replay transaction releases what was parked and says `ok`.
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

/** How many tables are in which phase of their copy. */
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

/** How far a table's copy is: rows and bytes of the chunks that are there, and about how many rows there will be. */
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
