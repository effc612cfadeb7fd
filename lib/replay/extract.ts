import { copyPipe } from '../db/copy-pipe.ts';
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
    const slice = await provider.first<{ query: string; lastEventId: bigint | null }>(
      'select query, last_ev_id as "lastEventId" from pgtide.slice_query($1, $2, $3, $4, $5)',
      [
        batch.id,
        position.afterEventId,
        replay.maxEvents,
        replay.maxBytes,
        position.copies === null ? '[]' : JSON.stringify(position.copies),
      ],
    );
    const { bytes } = await copyPipe(
      provider,
      `copy (${slice?.query}) to stdout (format binary)`,
      subscriber,
      'copy pg_temp.pgtide_stage from stdin (format binary)',
    );
    return { bytes, lastEventId: slice?.lastEventId ?? null };
  });
}
