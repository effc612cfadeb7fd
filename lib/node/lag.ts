import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
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

const lagSql = sqlText('node/lag.sql');

export async function measureLag(provider: Client, queue: string, tick: TickId): Promise<Lag> {
  const row = await provider.first<{ behind: boolean; seconds: number; pending: bigint }>(lagSql, [
    queue,
    tick,
    EXACT,
  ]);
  if (!row) return { known: false, seconds: null, pendingEvents: 0n };
  const waiting = row.behind || row.pending > 0n;
  return { known: true, seconds: waiting ? row.seconds : 0, pendingEvents: row.pending };
}
