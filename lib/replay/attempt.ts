/**
 * Limits for retrying slices that take longer than a run lasts, so that each of them ends.
 *
 * Such a slice is retried with a tenth of its events. The number is stored on the subscriber (pgtide.replay_state), so that the
 * next run begins with that number and not with the whole slice. A single event gets a whole run, and may wait for locks only
 * for a part of it. If it fails in RUNS_ALONE whole runs, replay gives it up: the event arrives without its data, and sets its
 * table aside like any event that cannot be read. So each event is applied, or is given up after a bounded number of whole runs.
 *
 * A slice that commits leaves the number for the next one (pgtide.advance): the events that follow in the batch are often as slow. The
 * number grows as long as the time permits, and is cleared at the end of the batch. So a batch whose events are all slow is applied in
 * pieces that fit into a run, however many runs that takes.
 *
 * Each statement has a limit of time, also one that applies a table's rows while others follow: those that insert rows in place have one
 * limit together (lib/replay/extract.ts), or a run with many tables would end before any of them took too long.
 *
 * A run is whole if most of its time is left once the position is checked. The event has no effect before that step. On a stalled
 * server, connecting and checking the position also take long, and such a delay is no evidence about the event. Other runs,
 * including those that waited for a lock, do not change the count. If no run is whole, replay waits, and status asks for more time.
 *
 * Invariant: the number and the count belong to the event after the position. A run that was overtaken does not store them (the
 * epochs are compared as in pgtide.begin_replay), and moving the position clears them (lib/node/position.ts). They are stored after
 * the slice is rolled back. On a leaf that has applied nothing yet, the rollback also removes the row of replay_state; then the row
 * is inserted.
 *
 * Invariant: they are stored whichever side was slow, or else the next run would begin with the whole slice again. The subscriber's
 * session waits longer for its client than a statement may last on the provider (Replay.idleTimeoutMs). If the session is lost
 * nevertheless, they are stored over another connection. A run that cannot store them fails with the reason.
 */
import { RUNS_ALONE } from '../node/runs-alone.ts';
import type { AppliedSlice, Replay, ReplayStep, SliceLimit } from './replay-work.ts';

/** Special values of the largest number of events in the next slice. */
export const ALONE = 1;
export const GIVE_UP = 0;

/** Reads the limit that an earlier run stored; null if there is none. */
export async function readAttempt(replay: Replay): Promise<SliceLimit | null> {
  const row = await replay.subscriber.first<{ events: bigint; failedAlone: number }>(
    `select attempt_events as events, attempts_alone as "failedAlone" from pgtide.replay_state
      where queue_name = $1 and consumer_name = $2 and attempt_events is not null`,
    [replay.queue, replay.consumer],
  );
  return row ? { events: Number(row.events), failedAlone: row.failedAlone } : null;
}

/** Returns a limit of a tenth of `events`. */
export const fewerThan = (events: number): SliceLimit => ({
  events: Math.max(ALONE, Math.ceil(events / 10)),
  failedAlone: 0,
});

/** Returns the limit of the next attempt after a slice of `events` has failed. */
export function limitAfterFailure(failed: {
  events: number;
  limit: SliceLimit | null;
  /** True if the slice's events had a whole run. */
  wholeRun: boolean;
  /** True if more time and memory would not help. */
  hopeless: boolean;
}): SliceLimit {
  const { events, limit } = failed;
  if (limit?.events !== ALONE) return fewerThan(events);
  const failedAlone = limit.failedAlone + (failed.wholeRun ? 1 : 0);
  return failed.hopeless || failedAlone >= RUNS_ALONE
    ? { events: GIVE_UP, failedAlone: 0 }
    : { events: ALONE, failedAlone };
}

/**
 * Parts of its time that a slice may take for the next one to be twice as large, or a little larger. The time need not depend on the number
 * of events, so the number must be able to grow also if a slice takes long.
 */
const DOUBLED_UP_TO = 0.25;
const INCREASED_UP_TO = 0.85;
/** Number of events in the slice after an event that was given up: what follows is unknown. */
const AFTER_GIVING_UP = 10;

/** Returns the limit of the slice that follows one that was applied within `limit`. */
export function limitAfterSlice(
  limit: SliceLimit | null,
  slice: AppliedSlice & {
    /** Part of its time that the slice took. */
    part: number;
    /** Number of events in a slice without a limit. */
    maxEvents: number;
  },
): SliceLimit | null {
  if (limit === null || slice.complete) return null;
  const events = limit.events === GIVE_UP ? AFTER_GIVING_UP : grown(limit.events, slice);
  return events < slice.maxEvents ? { events, failedAlone: 0 } : null;
}

function grown(most: number, { events, part }: { events: number; part: number }): number {
  if (!isNearlyFull(events, most) || part > INCREASED_UP_TO) return most;
  return part <= DOUBLED_UP_TO ? 2 * most : most + Math.ceil(most / 20);
}

/** A slice that holds few of the events that it might is no evidence about larger ones: it has ended for another reason. */
const isNearlyFull = (events: number, most: number) => events * 2 >= most;

/**
 * Returns the time that the next slice takes, if its events are like those of a slice of `events` events within `limit`, which took
 * `tookMs`.
 */
export function expectedMs(tookMs: number, events: number, limit: SliceLimit, next: SliceLimit): number {
  return isNearlyFull(events, limit.events) ? (tookMs * next.events) / Math.max(1, events) : tookMs;
}

/** What a slice was doing when it failed, by the last step that it reached. */
const doing: Partial<Record<ReplayStep, string>> = {
  'batch.opened': 'checking the position before',
  'position.checked': 'fetching or inserting',
  'events.staged': 'sorting out',
  'events.judged': 'applying',
};

/** Stores the limit of the next attempt, and a note for status about what took too long. */
export async function noteAttempt(
  replay: Replay,
  next: SliceLimit,
  failed: { events: number; step: ReplayStep | undefined },
): Promise<void> {
  const seconds = Math.round(replay.statementTimeoutMs / 1000);
  const events = failed.events === 1 ? 'one event' : `up to ${failed.events} events`;
  const what = (failed.step && doing[failed.step]) ?? 'committing';
  await replay.subscriber.query(
    `insert into pgtide.replay_state as r (queue_name, consumer_name, attempt_events, attempts_alone, attempt_note)
       values ($1, $2, $3, $4, $5)
       on conflict (queue_name, consumer_name) do update
       set attempt_events = excluded.attempt_events, attempts_alone = excluded.attempts_alone, attempt_note = excluded.attempt_note
       where $6::bigint is null or r.epoch <= $6 or r.epoch > pgtide.epoch_bound($7)`,
    [
      replay.queue,
      replay.consumer,
      next.events,
      next.failedAlone,
      `${what} ${events} did not end within ${seconds} s, or within the memory there is`,
      replay.epoch,
      replay.skewMs ?? 0,
    ],
  );
}
