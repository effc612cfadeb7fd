/**
 * How slices that take longer than a run has get done in the end.
 *
 * A slice that fails so is tried again with a tenth of its events. The number is kept on the subscriber (pgtide.replay_state), so
 * that the next run begins there and not with the whole again. An event that is alone gets a whole run, and waits for locks only for a
 * part of it. If that fails in RUNS_ALONE whole runs, it is given up: it arrives without its data, and sets its table aside like any
 * event that cannot be read. The next slice that commits forgets the number (pgtide.advance). So each event gets done, or is given up
 * after a bounded number of whole runs.
 *
 * A run is whole if most of its time was left when the position had been checked, which is before the event matters. On a server that
 * stalls, connecting and checking the position take long, too, and that says nothing about the event. Other runs, also those that
 * waited for a lock, leave the count as it is. Where no run is whole, replay waits: status asks for more time.
 *
 * Invariant: number and count belong to the event after the position. A run that was overtaken does not store them (the epochs are
 * compared as in pgtide.begin_replay), and moving the position clears them (lib/node/position.ts). They are stored after the slice was
 * rolled back, which on a leaf that has applied nothing yet also removes the row of replay_state: then it inserts the row.
 */
import { RUNS_ALONE } from '../node/runs-alone.ts';
import type { Replay, ReplayStep } from './replay-work.ts';

/** How many events the next slice may take at most. */
export const ALONE = 1;
export const GIVE_UP = 0;

/** What the next slice may take. */
export interface SliceLimit {
  events: number;
  /** Whole runs in which its event has failed alone. */
  failedAlone: number;
}

/** What an earlier run has left. */
export async function readAttempt(replay: Replay): Promise<SliceLimit | null> {
  const row = await replay.subscriber.first<{ events: bigint; failedAlone: number }>(
    `select attempt_events as events, attempts_alone as "failedAlone" from pgtide.replay_state
      where queue_name = $1 and consumer_name = $2 and attempt_events is not null`,
    [replay.queue, replay.consumer],
  );
  return row ? { events: Number(row.events), failedAlone: row.failedAlone } : null;
}

/** What may be tried after a slice of `events` has failed. */
export function limitAfter(failed: {
  events: number;
  limit: SliceLimit | null;
  /** The slice's events had a whole run. */
  wholeRun: boolean;
  /** More time and memory would not help. */
  hopeless: boolean;
}): SliceLimit {
  const { events, limit } = failed;
  if (limit?.events !== ALONE) return { events: events > 1 ? Math.ceil(events / 10) : ALONE, failedAlone: 0 };
  const failedAlone = limit.failedAlone + (failed.wholeRun ? 1 : 0);
  return failed.hopeless || failedAlone >= RUNS_ALONE
    ? { events: GIVE_UP, failedAlone: 0 }
    : { events: ALONE, failedAlone };
}

/** What a slice was at when it failed, by the last step that it had reached. */
const doing: Partial<Record<ReplayStep, string>> = {
  'batch.opened': 'checking the position before',
  'position.checked': 'fetching',
  'events.staged': 'sorting out',
  'events.judged': 'applying',
};

/** Keeps what the next attempt may take, and for status what took so long. */
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
