import { PgtideError } from '../errors.ts';
import { type Batch, nextBatch } from '../pgq/batch.ts';
import type { PositionVerdict } from '../states.ts';
import type { Replay } from './replay-work.ts';

export interface OnTrack {
  verdict: 'on-track';
  /** The last event of the slices of this batch that are applied; 0: none is. */
  afterEventId: bigint;
  replica: boolean;
  /** The subscriber's. */
  encoding: string;
  /** The chunks of tables in copy, for the extract to say which an event belongs to; null: none is in copy. */
  copies: unknown;
}

/**
 * Locks the node's position, checks the lease's epoch, and compares the position with the batch, three ways: on track,
 * already applied, lost. A tick is the same if both its id and its time are. Runs at the start of replay's transaction, after
 * the batch was opened: see lib/copy/merge-state.ts.
 */
export async function checkPosition(
  replay: Replay,
  batch: Batch,
): Promise<OnTrack | { verdict: 'already-applied' } | { verdict: 'paused' }> {
  const row = await replay.subscriber.first<{
    verdict: PositionVerdict;
    position: bigint;
    afterEventId: bigint;
    replica: boolean;
    encoding: string;
    copies: unknown;
  }>(
    `select verdict, position, after_ev_id as "afterEventId", replica, getdatabaseencoding()::text as encoding, copies
       from pgtide.begin_replay($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      replay.queue,
      replay.consumer,
      replay.epoch,
      batch.previousTick,
      batch.previousTime,
      batch.tick,
      batch.tickTime,
      replay.skewMs,
    ],
  );
  switch (row?.verdict) {
    case 'on-track':
      return {
        verdict: 'on-track',
        afterEventId: row.afterEventId,
        replica: row.replica,
        encoding: row.encoding,
        copies: row.copies,
      };
    case 'already-applied':
    case 'paused':
      return { verdict: row.verdict };
    default:
      if (await isOvertaken(replay, batch)) return { verdict: 'already-applied' };
      throw new PgtideError(
        'lost-position',
        `Lost position: batch ${batch.previousTick}..${batch.tick}, dst has ${row?.position}${otherTickNote(batch, row?.position)} (queue ${replay.queue}, consumer ${replay.consumer})`,
        {
          remedy:
            'one of the two databases was restored, or the consumer was moved by hand; copy the tables again: ' +
            `pgtide init ${replay.queue}, then pgtide resync ${replay.queue} --all`,
        },
      );
  }
}

/** What to say where the ids alone would fit. */
function otherTickNote({ previousTick, tick }: Batch, position: bigint | undefined): string {
  return position === previousTick || position === tick
    ? ', a tick of that id that was made at another time'
    : '';
}

/** True when the batch is not the provider's open one any more: another run has applied and finished it, and maybe more. */
async function isOvertaken(replay: Replay, batch: Batch): Promise<boolean> {
  const open = await nextBatch(replay.provider, replay.queue, replay.consumer, replay.maxEvents);
  return open?.id !== batch.id;
}
