/** Events that replay on a node could not handle, and the operator's decisions about them (pgtide.handle_events). */
import type { Client } from '../db/client.ts';
import type { UnhandledState } from '../states.ts';

export interface UnhandledEvent {
  id: bigint;
  /** `aside`: replay has continued past the event. `stopped`: replay stops at it. `passed`: replay will continue past it. */
  state: UnhandledState;
  reason: string | null;
  time: Date | null;
  /** The time at which the event was set aside or passed, or at which replay first stopped at it. */
  noted: Date;
  /** False if its data could not be sent, or was too large to be kept. */
  whole: boolean;
  type: string | null;
  data: string | null;
  extra1: string | null;
  extra2: string | null;
  extra3: string | null;
  extra4: string | null;
}

export function listUnhandled(client: Client, queue: string): Promise<UnhandledEvent[]> {
  return client.query<UnhandledEvent>(
    `select ev_id as id, state, reason, ev_time as time, noted_at as noted, whole, ev_type as type, ev_data as data,
            ev_extra1 as extra1, ev_extra2 as extra2, ev_extra3 as extra3, ev_extra4 as extra4
       from pgtide.unhandled_event where queue_name = $1 order by ev_id`,
    [queue],
  );
}

export interface UnhandledSummary {
  /** Number of events that were set aside: those that are kept and those that were only counted. */
  aside: bigint;
  unkept: bigint;
  /** The first event that was set aside. */
  first: { id: bigint; label: string; reason: string } | null;
  /** The event at which replay stops. */
  stopped: { id: bigint; label: string; reason: string } | null;
}

/** Returns the summary for status. It contains nothing of an event's content but the beginning of its type. */
export async function summarizeUnhandled(client: Client, queue: string): Promise<UnhandledSummary> {
  const events = await client.query<{
    id: bigint;
    state: UnhandledEvent['state'];
    label: string;
    reason: string;
    events: bigint;
  }>(
    `select distinct on (state) ev_id as id, state, coalesce(reason, '') as reason, count(*) over (partition by state) as events,
            case state when 'stopped' then coalesce(ev_type, '') else pgtide.event_label(ev_type) end as label
       from pgtide.unhandled_event where queue_name = $1 and state <> 'passed' order by state, ev_id`,
    [queue],
  );
  const row = await client.first<{ unkept: bigint }>(
    'select coalesce(sum(unkept_events), 0)::bigint as unkept from pgtide.replay_state where queue_name = $1',
    [queue],
  );
  const aside = events.find(({ state }) => state === 'aside');
  const unkept = row?.unkept ?? 0n;
  return {
    aside: (aside?.events ?? 0n) + unkept,
    unkept,
    first: aside ?? null,
    stopped: events.find(({ state }) => state === 'stopped') ?? null,
  };
}

/** Passes these events; null means all of them. Returns how many events were forgotten, and past how many replay will continue. */
export async function passEvents(
  client: Client,
  queue: string,
  events: readonly bigint[] | null,
): Promise<{ forgotten: bigint; passed: bigint }> {
  const row = await client.first<{ forgotten: bigint; passed: bigint }>(
    'select forgotten, passed from pgtide.pass_events($1, $2)',
    [queue, events],
  );
  return row ?? { forgotten: 0n, passed: 0n };
}

/** Returns those of `events` that replay on this node has reached. */
export async function metEvents(
  client: Client,
  queue: string,
  events: readonly bigint[],
): Promise<Set<bigint>> {
  const rows = await client.query<{ id: bigint }>(
    `select ev_id as id from pgtide.unhandled_event
      where queue_name = $1 and ev_id = any ($2::numeric[]) and state <> 'passed'`,
    [queue, events],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Cancels passes that are not used yet; `events` null means all of them. Returns the number of cancelled passes. */
export async function undoPasses(
  client: Client,
  queue: string,
  events: readonly bigint[] | null,
): Promise<bigint> {
  const row = await client.first<{ undone: bigint }>(
    `with undone as (
       delete from pgtide.unhandled_event
        where queue_name = $1 and state = 'passed' and ($2::numeric[] is null or ev_id = any ($2)) returning ev_id)
     select count(*) as undone from undone`,
    [queue, events],
  );
  return row?.undone ?? 0n;
}

/** Returns the command that makes replay continue past an event, or forgets events that were set aside. */
export function passCommand(queue: string, node: string, events: bigint | '--all' | 'EVENT…|--all'): string {
  return `pgtide pass-events ${queue} ${events} --node ${node}`;
}
