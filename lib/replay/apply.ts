import { breaksRowsTogether } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import type { AppliedTable, Replay, SliceLimit } from './replay-work.ts';

/**
 * The slice ends between changes that keep a constraint only together, such as unique values that one statement swapped.
 * A longer slice contains all of them.
 */
export class SliceTooShort extends Error {}

/**
 * Collapses the staged rows to the last image per key, and applies them set-wise, table by table, in the subscriber. This is
 * implemented in SQL: sql/pgtide/functions/apply/pgtide.apply_stage.sql. `complete` is true if the slice ends the batch.
 */
export async function applyStage(
  replay: Replay,
  replica: boolean,
  complete: boolean,
): Promise<AppliedTable[]> {
  if (!complete && !replica)
    await replay.subscriber.query('select pgtide.drop_foreign_keys($1)', [replay.queue]);
  const applied = replay.subscriber.query<AppliedTable>(
    `select table_name as "table", inserted, updated, deleted, missing, conflicts, collapsed, exact, error, state
       from pgtide.apply_stage($1, $2, $3)`,
    [replay.queue, replica, replay.onConflict],
  );
  if (complete) return applied;
  const tables = await applied.catch((error: unknown) => {
    throw error instanceof PgtideError && error.kind === 'apply' ? new SliceTooShort() : error;
  });
  if (tables.some(({ state }) => state !== null && breaksRowsTogether(state))) throw new SliceTooShort();
  return tables;
}

/**
 * Moves the position: past the batch if `lastEventId` is null, otherwise to that id, a durable place inside it. Stores the limit of the
 * next slice.
 */
export async function advance(
  replay: Replay,
  batch: Batch,
  slice: { events: number; lastEventId: bigint | null; nextLimit: SliceLimit | null },
): Promise<void> {
  await replay.subscriber.query('select pgtide.advance($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    replay.queue,
    replay.consumer,
    batch.tick,
    batch.tickTime,
    batch.tickSnapshot,
    slice.events,
    slice.lastEventId,
    slice.lastEventId === null,
    slice.nextLimit?.events ?? null,
  ]);
}
