/**
 * Replays a batch of events from the provider on the subscriber exactly once, even if a run or a server fails at any step.
 *
 * Invariant: the subscriber's rows, its position and the lease's epoch change in one transaction, and the batch is
 * finished on the provider only after that transaction has committed. So the position always identifies the events that
 * the rows contain, and a run that dies leaves one of two states:
 *   before the commit  nothing has changed; the provider returns the same batch, and the position is its start: on track
 *   after the commit   the provider returns the same batch, and the position is its end: already applied, only finish it
 * If the response to a COMMIT is lost, the next run reads the position. Two concurrent runs wait for, or give way to, the lock
 * on the position; the second run finds that the position has moved. A holder of an expired lease finds a newer epoch. Any
 * other position is lost, and stops this consumer with an error.
 *
 * A batch larger than a slice is applied in slices, in ev_id order. Each slice stores a durable place inside the batch. The rows
 * of a slice are visible before the whole batch is applied; status shows this. If a slice breaks a constraint because of where it
 * ends, it is retried with a higher limit.
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

  const { statementTimeoutMs, idleTimeoutMs, lockTimeoutMs } = replay;
  const result = await replay.subscriber.transaction(
    { statementTimeoutMs, idleTimeoutMs, lockTimeoutMs },
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
      // Batches of a quiet queue contain no events.
      const nothing = events + unparked === 0;
      const setAside = nothing ? 0 : await handleEvents(replay);
      if (!nothing) await judgeTypes(replay);
      const tables = nothing ? [] : await applyStage(replay, position.replica, lastEventId === null);
      await replay.at('rows.applied');
      const complete = lastEventId === null;
      const nextLimit = replay.limitAfterSlice?.({ events, complete }) ?? null;
      await advance(replay, batch, { events, lastEventId, nextLimit });
      await replay.at('position.advanced');
      return {
        kind: 'applied',
        complete,
        events,
        nextLimit,
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
