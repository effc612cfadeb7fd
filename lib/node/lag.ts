import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';

/** How far a reader that has completed `tick` is behind this provider. */
export interface Lag {
  /** False if the provider no longer has that tick, or never had it. */
  known: boolean;
  /** Lag in seconds. At the last tick: 0, or the age of that tick while events wait for the next one. */
  seconds: number | null;
  /**
   * Events between the position and now, whether or not a tick covers them. Up to EXACT they are counted. Above that, this is the number of
   * their ids, which includes ids of rolled back events and of forced ticks (pgq.force_tick): an exact count would have to read all events.
   */
  pendingEvents: bigint;
}

const EXACT = 10_000;

export async function measureLag(provider: Client, queue: string, tick: TickId): Promise<Lag> {
  const row = await provider.first<{ behind: boolean; seconds: number; pending: bigint }>(
    `select t.tick_id < last.tick_id as behind,
            greatest(extract(epoch from now() - case when t.tick_time <= now() then t.tick_time
                -- The clock was set back since: it says more of what came after that.
                else (select min(n.tick_time) from pgq.tick n where n.tick_queue = q.queue_id and n.tick_id > $2) end),
              0)::float8 as seconds,
            case when ids.used = 0 then 0 when ids.used <= $3 then pgtide.waiting_events($1, $2, $3::int) else ids.used end::bigint as pending
       from pgq.queue q
       join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = $2
       cross join lateral (select greatest(pgq.seq_getval(q.queue_event_seq) - t.tick_event_seq, 0) as used) ids
       cross join lateral (select max(l.tick_id) as tick_id from pgq.tick l where l.tick_queue = q.queue_id) last
      where q.queue_name = $1`,
    [queue, tick, EXACT],
  );
  if (!row) return { known: false, seconds: null, pendingEvents: 0n };
  const waiting = row.behind || row.pending > 0n;
  return { known: true, seconds: waiting ? row.seconds : 0, pendingEvents: row.pending };
}
