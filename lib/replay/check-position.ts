import { PgtideError } from '../errors.ts';
import { type Batch, nextBatch } from '../pgq/batch.ts';
import type { PositionVerdict } from '../states.ts';
import type { Replay } from './replay-work.ts';

export interface OnTrack {
  verdict: 'on-track';
  /** All events of the batch up to this id are applied; 0 if none is. */
  afterEventId: bigint;
  replica: boolean;
  /** The subscriber's encoding. */
  encoding: string;
  /** The chunks of tables in copy, from which the extract determines the chunk of an event; null if no table is in copy. */
  copies: unknown;
}

/**
 * Locks the node's position, checks the lease's epoch, and compares the position with the batch. The result is on track,
 * already applied, or lost. Two ticks are the same if both their ids and their times are equal. Runs at the start of replay's
 * transaction, after the batch was opened: see lib/copy/merge-state.ts.
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

/** Note for the error message if the tick ids match but the times differ. */
function otherTickNote({ previousTick, tick }: Batch, position: bigint | undefined): string {
  return position === previousTick || position === tick
    ? ', a tick of that id that was made at another time'
    : '';
}

/** Returns whether the batch is no longer the provider's open batch: another run has applied and finished it, and maybe later ones. */
async function isOvertaken(replay: Replay, batch: Batch): Promise<boolean> {
  const open = await nextBatch(replay.provider, replay.queue, replay.consumer, replay.maxEvents);
  return open?.id !== batch.id;
}
