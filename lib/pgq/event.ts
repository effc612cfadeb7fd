import { beginStatement, type Client } from '../db/client.ts';
import type { BatchId } from '../ids.ts';

/** An event as its consumers receive it. */
export interface QueueEvent {
  readonly id: bigint;
  readonly time: Date;
  /** The transaction that inserted it. */
  readonly txid: bigint;
  /** Number of times that it was scheduled for a retry; null if never. */
  readonly retry: number | null;
  readonly type: string | null;
  readonly data: string | null;
  readonly extra1: string | null;
  readonly extra2: string | null;
  readonly extra3: string | null;
  readonly extra4: string | null;
}

const columns = `ev_id as id, ev_time as time, ev_txid as txid, ev_retry as retry, ev_type as type, ev_data as data,
            ev_extra1 as extra1, ev_extra2 as extra2, ev_extra3 as extra3, ev_extra4 as extra4`;

/** Returns the first events of an open batch, for inspection. */
export function peekEvents(client: Client, batch: BatchId, most: number): Promise<QueueEvent[]> {
  return client.query<QueueEvent>(`select ${columns} from pgq.get_batch_events($1) order by ev_id limit $2`, [
    batch,
    most,
  ]);
}

export interface SliceLimits {
  /** Only events after this one are read; 0 for all. */
  after: bigint;
  maxEvents: number;
  /** Largest size of a slice's texts, in characters. A single event may be larger. */
  maxBytes: number;
  /** The server ends the reading transaction after this time without a request. */
  patienceMs: number;
}

export interface Slice {
  readonly events: readonly QueueEvent[];
  /** True if no event of the batch comes after these. */
  readonly last: boolean;
}

const FIRST_FETCH = 50;

/**
 * Reads an open batch in slices, in the order of the events' ids, through a cursor. It yields at least one slice, which may be
 * empty. `reader` is in a transaction until the last event has been fetched, so it must be a separate connection.
 */
export async function* readSlices(
  reader: Client,
  batch: BatchId,
  limits: SliceLimits,
): AsyncGenerator<Slice, void, void> {
  const { after, maxEvents, maxBytes } = limits;
  const waiting: QueueEvent[] = [];
  let waitingBytes = 0;
  await reader.script(beginStatement({ readOnly: true, statementTimeoutMs: limits.patienceMs }));
  try {
    let ended = false;
    let fetched = 0;
    let fetchedBytes = 0;
    const add = (events: readonly QueueEvent[], asked: number) => {
      ended = events.length < asked;
      for (const event of events) {
        waiting.push(event);
        waitingBytes += sizeOf(event);
        fetched += 1;
        fetchedBytes += sizeOf(event);
      }
    };
    const first = Math.min(FIRST_FETCH, maxEvents + 1);
    add(await openCursor(reader, batch, after, first), first);
    for (;;) {
      while (!ended && waiting.length <= maxEvents && waitingBytes <= maxBytes) {
        const average = Math.max(1, fetchedBytes / Math.max(1, fetched));
        const room = Math.min(
          maxEvents + 1 - waiting.length,
          Math.ceil((maxBytes - waitingBytes + 1) / average),
        );
        const asked = Math.max(1, Math.min(room, 4 * Math.max(FIRST_FETCH, fetched)));
        add(await reader.query<QueueEvent>(`fetch ${asked} from pgtide_events`).then(renamed), asked);
      }
      if (ended && reader.inTransaction) await reader.query('commit');
      const events = waiting.splice(0, sliceLength(waiting, maxEvents, maxBytes));
      for (const event of events) waitingBytes -= sizeOf(event);
      const last = ended && waiting.length === 0;
      yield { events, last };
      if (last) return;
    }
  } finally {
    if (reader.inTransaction) await reader.query('rollback').catch(() => undefined);
  }
}

function openCursor(reader: Client, batch: BatchId, after: bigint, most: number): Promise<QueueEvent[]> {
  return reader.query<QueueEvent>(
    `select ${columns} from pgq.get_batch_cursor($1, 'pgtide_events', $2, $3) order by ev_id`,
    [batch, most, after > 0n ? `ev_id > ${after}` : null],
  );
}

/** Renames the columns: FETCH returns them under their names in the queue. */
function renamed(rows: unknown[]): QueueEvent[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row as object).map(([name, value]) => [name.replace(/^ev_/, ''), value]),
    ),
  ) as unknown as QueueEvent[];
}

function sizeOf({ type, data, extra1, extra2, extra3, extra4 }: QueueEvent): number {
  return [type, data, extra1, extra2, extra3, extra4].reduce((size, text) => size + (text?.length ?? 0), 0);
}

/** Returns the number of events that fit; at least one if there is any. */
function sliceLength(waiting: readonly QueueEvent[], maxEvents: number, maxBytes: number): number {
  let bytes = 0;
  let length = 0;
  for (const event of waiting) {
    bytes += sizeOf(event);
    if (length >= maxEvents || (length > 0 && bytes > maxBytes)) break;
    length += 1;
  }
  return length;
}
