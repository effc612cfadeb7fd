/**
 * The way of a batch of events from the provider to the subscriber, exactly once, whatever dies on the way.
 *
 * Invariant: the subscriber's rows, its position and the lease's epoch change in one transaction, and the batch is
 * finished on the provider only after that transaction has committed. So at every moment the position says which events
 * the rows contain, and a run that dies leaves one of two states:
 *   before the commit  nothing has happened; the provider gives the same batch again, the position is its start: on track
 *   after it           the provider gives the same batch again, the position is its end: already applied, just finish
 * The answer to a COMMIT that was lost on the way makes no difference: the next run reads the position. Two runs at once wait
 * for, or give way to, the lock on the position; the second finds the position moved. A holder of an expired lease finds a
 * newer epoch. Any other position is lost, and stops this consumer loudly.
 *
 * A batch larger than a slice is applied in slices, each with its own durable place inside the batch (ev_id order): the rows
 * of a slice are visible before the batch is whole. Status shows it. A slice that breaks a constraint because of where it ends is
 * taken longer.
 */
import { finishBatch, nextBatch } from '../pgq/batch.ts';
import { advance, applyStage, SliceTooShort } from './apply.ts';
import { checkPosition } from './check-position.ts';
import { extractIntoStage } from './extract.ts';
import { handleEvents } from './handle-events.ts';
import { judgeTypes } from './judge-types.ts';
import type { Replay, SliceResult } from './replay-work.ts';
import { judgeStage, measureStage } from './stage.ts';

export function replaySlice(replay: Replay): Promise<SliceResult> {
  return replayOnce(replay).catch((error: unknown) => {
    if (!(error instanceof SliceTooShort)) throw error;
    return replaySlice({ ...replay, maxEvents: replay.maxEvents * 8, maxBytes: replay.maxBytes * 8 });
  });
}

async function replayOnce(replay: Replay): Promise<SliceResult> {
  const batch = await nextBatch(replay.provider, replay.queue, replay.consumer, replay.maxEvents);
  if (!batch) return { kind: 'idle' };
  await replay.at('batch.opened');

  const { statementTimeoutMs, lockTimeoutMs } = replay;
  const result = await replay.subscriber.transaction(
    { statementTimeoutMs, lockTimeoutMs },
    async (): Promise<SliceResult> => {
      const position = await checkPosition(replay, batch);
      if (position.verdict !== 'on-track') return { kind: position.verdict };
      await replay.at('position.checked');
      const { bytes, lastEventId } = await extractIntoStage(replay, batch, position);
      const events = await measureStage(replay);
      replay.stagedEvents = events;
      await replay.at('events.staged');
      const { skipped, parked, unparked } = await judgeStage(replay);
      await replay.at('events.judged');
      // Ticks of a quiet queue hold no events.
      const nothing = events + unparked === 0;
      const setAside = nothing ? 0 : await handleEvents(replay);
      if (!nothing) await judgeTypes(replay);
      const tables = nothing ? [] : await applyStage(replay, position.replica, lastEventId === null);
      await replay.at('rows.applied');
      await advance(replay, batch, events, lastEventId);
      await replay.at('position.advanced');
      return {
        kind: 'applied',
        complete: lastEventId === null,
        events,
        bytes,
        skipped,
        parked,
        setAside,
        tables,
        behindSeconds: batch.behindSeconds,
      };
    },
  );

  if (result.kind === 'paused' || (result.kind === 'applied' && !result.complete)) return result;
  await replay.at('commit.before-finish');
  await finishBatch(replay.provider, batch.id);
  await replay.at('batch.finished');
  return result;
}
