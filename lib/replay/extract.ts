import { copyPipe } from '../db/copy-pipe.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import type { OnTrack } from './position.ts';
import type { Replay } from './replay.ts';

export interface Extracted {
  bytes: number;
  /** Where the slice ends inside the batch; null: the batch ends with it. */
  lastEventId: bigint | null;
}

/**
 * Streams the batch's events, or the next slice of them, from the provider's event tables into the subscriber's stage.
 * The bytes are not looked into on the way. The binary form of the stage's few types is the same in all versions, and costs
 * both servers half of what escaped text does.
 */
export function extractIntoStage(replay: Replay, batch: Batch, position: OnTrack): Promise<Extracted> {
  const { provider, subscriber } = replay;
  return provider.transaction({ readOnly: true, statementTimeoutMs: replay.statementTimeoutMs }, async () => {
    const slice = await sliceOf(replay, batch, position);
    const { bytes } = await copyPipe(
      provider,
      `copy (${slice.query}) to stdout (format binary)`,
      subscriber,
      'copy pg_temp.pgtide_stage from stdin (format binary)',
    );
    return { bytes, lastEventId: slice.lastEventId };
  });
}

interface Slice {
  query: string;
  lastEventId: bigint | null;
}

/**
 * Where the subscriber is gone, and its lock on the position with it, another run may have applied and finished the batch
 * by now.
 */
async function sliceOf(
  { provider, maxEvents, maxBytes }: Replay,
  batch: Batch,
  { afterEventId, copies }: OnTrack,
): Promise<Slice> {
  const slice = await provider
    .first<Slice>('select query, last_ev_id as "lastEventId" from pgtide.slice_query($1, $2, $3, $4, $5)', [
      batch.id,
      afterEventId,
      maxEvents,
      maxBytes,
      copies === null ? '[]' : JSON.stringify(copies),
    ])
    .catch((cause: unknown) => {
      if (!hasState(cause, 'TD002')) throw cause;
      throw new PgtideError('fenced', `${provider.node}: another run has finished batch ${batch.id}`, {
        cause,
      });
    });
  return slice as Slice;
}
