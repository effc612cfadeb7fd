import { type CopyResult, copyPipe } from '../db/copy-pipe.ts';
import type { Batch } from '../pgq/batch.ts';
import type { OnTrack } from './position.ts';
import type { Replay } from './replay.ts';

/**
 * Streams the batch's events, or the next slice of them, from the provider's event tables into the subscriber's stage. The
 * bytes are not looked into on the way.
 */
export function extractIntoStage(replay: Replay, batch: Batch, position: OnTrack): Promise<CopyResult> {
  const { provider, subscriber } = replay;
  return provider.transaction({ readOnly: true, statementTimeoutMs: replay.statementTimeoutMs }, async () => {
    const slice = await provider.first<{ query: string }>(
      'select pgtide.slice_query($1, $2, $3, $4, $5) as query',
      [
        batch.id,
        position.afterEventId,
        replay.maxEvents,
        replay.maxBytes,
        position.copies === null ? '[]' : JSON.stringify(position.copies),
      ],
    );
    return copyPipe(
      provider,
      `copy (${slice?.query}) to stdout`,
      subscriber,
      'copy pg_temp.pgtide_stage from stdin',
    );
  });
}
