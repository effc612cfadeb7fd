/** Events that replay on a node could not handle, and what an operator decides about them: pgtide.handle_events. */
import type { Client } from '../db/client.ts';
import type { UnhandledState } from '../states.ts';

export interface UnhandledEvent {
  id: bigint;
  /** aside: replay has gone past it. stopped: replay stops at it. passed: replay will go past it. */
  state: UnhandledState;
  reason: string | null;
  time: Date | null;
  /** When it was set aside, or replay stopped at it first, or it was passed. */
  noted: Date;
  /** False: its data could not be sent, or was too large to be kept. */
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
  /** Those that are kept, and those that were only counted. */
  aside: bigint;
  unkept: bigint;
  /** The first that was set aside. */
  first: { id: bigint; label: string; reason: string } | null;
  /** The event at which replay stops. */
  stopped: { id: bigint; label: string; reason: string } | null;
}

/** What status says: without anything that an event holds but the beginning of its type. */
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

/** `events` null: all of them. Returns how many were forgotten, and past how many replay will go. */
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

/** Those of `events` that replay on this node has met. */
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

/** Takes passes back that are not used up; `events` null: all of them. Returns how many there were. */
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

/** The command that lets replay go past an event, or forgets those that were set aside. */
export function passCommand(queue: string, node: string, events: bigint | '--all' | 'EVENT…|--all'): string {
  return `pgtide pass-events ${queue} ${events} --node ${node}`;
}
