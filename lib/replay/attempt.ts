/**
 * How slices that take longer than a run has get done in the end.
 *
 * A slice that fails so is tried again with a tenth of its events. The number is kept on the subscriber (pgtide.replay_state), so
 * that the next run begins there and not with the whole again. An event that is alone gets a whole run, and waits for locks only for a
 * part of it. If that is not enough, it is given up: it arrives without its data, and sets its table aside like any event that
 * cannot be read. The next slice that commits forgets the number (pgtide.advance). So each run makes progress, whatever its length.
 *
 * Invariant: the number belongs to the event after the position. A run that was overtaken does not store it (the epochs are compared as
 * in pgtide.begin_replay), and moving the position clears it (lib/node/position.ts). It is stored after the slice was rolled back, which
 * on a leaf that has applied nothing yet also removes the row of replay_state: then it inserts the row.
 */
import type { Replay, ReplayStep } from './replay.ts';

/** How many events the next slice may take at most. */
export const ALONE = 1;
export const GIVE_UP = 0;

/** What an earlier run has left. */
export async function readAttempt(replay: Replay): Promise<number | null> {
  const row = await replay.subscriber.first<{ events: bigint }>(
    `select attempt_events as events from pgtide.replay_state
      where queue_name = $1 and consumer_name = $2 and attempt_events is not null`,
    [replay.queue, replay.consumer],
  );
  return row ? Number(row.events) : null;
}

/** What a slice was at when it failed, by the last step that it had reached. */
const doing: Partial<Record<ReplayStep, string>> = {
  'position.checked': 'fetching',
  'events.staged': 'sorting out',
  'events.judged': 'applying',
};

/** Keeps what the next attempt may take, and for status what took so long. */
export async function noteAttempt(
  replay: Replay,
  next: number,
  failed: { events: number; step: ReplayStep | undefined },
): Promise<void> {
  const seconds = Math.round(replay.statementTimeoutMs / 1000);
  const events = failed.events === 1 ? 'one event' : `up to ${failed.events} events`;
  const what = (failed.step && doing[failed.step]) ?? 'committing';
  await replay.subscriber.query(
    `insert into pgtide.replay_state as r (queue_name, consumer_name, attempt_events, attempt_note) values ($1, $2, $3, $4)
       on conflict (queue_name, consumer_name) do update
       set attempt_events = excluded.attempt_events, attempt_note = excluded.attempt_note
       where $5::bigint is null or r.epoch <= $5 or r.epoch > pgtide.epoch_bound($6)`,
    [
      replay.queue,
      replay.consumer,
      next,
      `${what} ${events} did not end within ${seconds} s, or within the memory there is`,
      replay.epoch,
      replay.skewMs ?? 0,
    ],
  );
}
