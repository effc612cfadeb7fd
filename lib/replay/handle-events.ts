import { PgtideError } from '../errors.ts';
import { passCommand } from '../node/unhandled-event.ts';
import type { Replay } from './replay-work.ts';

/** Replay stops at an event that it cannot handle. The policy, or the effect of the event, forbids skipping it. */
export class StopAtEvent extends PgtideError {
  readonly eventId: bigint;
  /** The event's type, in a form that may be shown. */
  readonly label: string;
  readonly reason: string;

  constructor(replay: Replay, event: { eventId: bigint; label: string; reason: string }) {
    const { eventId, label, reason } = event;
    const { queue, subscriber } = replay;
    super('apply', `${subscriber.node}: replay of ${queue} stops at event ${eventId} (${label}): ${reason}`, {
      remedy: `look at it, then let replay go past it: ${passCommand(queue, subscriber.node, eventId)}`,
    });
    this.name = 'StopAtEvent';
    this.eventId = eventId;
    this.label = label;
    this.reason = reason;
  }
}

/**
 * Applies control events, and sets aside the events that replay cannot handle (sql/pgtide/functions/events/pgtide.handle_events.sql).
 * Returns the number of events that were set aside.
 * @throws StopAtEvent
 */
export async function handleEvents(replay: Replay): Promise<number> {
  const row = await replay.subscriber.first<{
    eventId: bigint | null;
    label: string;
    reason: string;
    setAside: bigint;
  }>(
    `select stop_id as "eventId", stop_label as label, stop_reason as reason, set_aside as "setAside"
       from pgtide.handle_events($1, $2)`,
    [replay.queue, replay.onUnknownEvent],
  );
  const { eventId = null, label = '', reason = '', setAside = 0n } = row ?? {};
  if (eventId !== null) throw new StopAtEvent(replay, { eventId, label, reason });
  return Number(setAside);
}

/** Stores the event at which replay stopped, for status and `pgtide events`. Replay's transaction has been rolled back before. */
export async function noteStop(replay: Replay, { eventId, label, reason }: StopAtEvent): Promise<void> {
  await replay.subscriber.query('select pgtide.note_stop($1, $2, $3, $4)', [
    replay.queue,
    eventId,
    label,
    reason,
  ]);
}
