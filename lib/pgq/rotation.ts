import type { Client } from '../db/client.ts';

/** Something that keeps a queue's event tables from rotating, see pgtide.rotation_blockers. */
export interface RotationBlocker {
  queue: string;
  kind: string;
  who: string | null;
  node: string | null;
  since: Date | null;
  /** Nothing is lost before this time. */
  due: Date | null;
  overdue: boolean;
  heldBytes: bigint;
  bytesPerHour: bigint | null;
  message: string;
  remedy: string | null;
}

/** Returns the blockers of one queue, or of all queues. */
export function listBlockers(client: Client, queue: string | null): Promise<RotationBlocker[]> {
  return client.query<RotationBlocker>(
    `select q.queue_name as queue, b.kind, b.who, b.node, b.since, b.due, coalesce(b.due < now(), false) as overdue,
            b.held_bytes as "heldBytes", b.bytes_per_hour as "bytesPerHour", b.message, b.remedy
       from pgq.queue q
       cross join lateral pgtide.rotation_blockers(q.queue_name) b
      where $1::text is null or q.queue_name = $1
      order by q.queue_name, b.since`,
    [queue],
  );
}

export interface NewEpoch {
  /** False if there was no contradiction, and nothing was changed. */
  repaired: boolean;
  keptTicks: number;
  pendingEvents: bigint;
}

/** Repairs a queue whose transaction ids went back. If `tell` is true, an event reports it to the nodes. */
export async function newEpoch(client: Client, queue: string, tell: boolean): Promise<NewEpoch> {
  const row = await client.transaction({}, () =>
    client.first<NewEpoch>(
      `select repaired, kept_ticks as "keptTicks", pending_events as "pendingEvents"
         from pgtide.queue_new_epoch($1, $2)`,
      [queue, tell],
    ),
  );
  return row ?? { repaired: false, keptTicks: 0, pendingEvents: 0n };
}
