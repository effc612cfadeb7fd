import { copyPipe } from '../db/copy-pipe.ts';
import { quoteLiteral } from '../db/identifier.ts';
import { hasState, isUnreadableValue } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import type { OnTrack } from './check-position.ts';
import type { Replay } from './replay-work.ts';

export interface Extracted {
  bytes: number;
  /** The last event of the slice, if the slice ends inside the batch; null if it ends the batch. */
  lastEventId: bigint | null;
}

/** An event of a table in copy cannot be read, so the provider cannot determine its chunk. The provider's connection is closed. */
export class UnreadableKey extends Error {}

/**
 * Streams the batch's events, or the next slice of them, from the provider's event tables and row tables into the subscriber's stage.
 * The bytes are passed through unread. The binary format of the stage's few types is the same in all versions, and costs
 * both servers half as much as escaped text.
 * @throws UnreadableKey unless the slice is read with care (Replay.careful)
 */
export function extractIntoStage(replay: Replay, batch: Batch, position: OnTrack): Promise<Extracted> {
  const { provider, subscriber, statementTimeoutMs, lockTimeoutMs } = replay;
  return provider.transaction({ readOnly: true, statementTimeoutMs, lockTimeoutMs }, async () => {
    const slice = await sliceOf(replay, batch, position);
    const { bytes } = await copyPipe(
      provider,
      `copy (${sendable(slice, position.encoding)}) to stdout (format binary)`,
      subscriber,
      'copy pg_temp.pgtide_stage from stdin (format binary)',
    ).catch((error: unknown) => {
      throw position.copies !== null && !replay.careful && isUnreadableValue(error)
        ? new UnreadableKey()
        : error;
    });
    return { bytes, lastEventId: slice.lastEventId };
  });
}

interface Slice {
  query: string;
  lastEventId: bigint | null;
  /** The provider's encoding. */
  encoding: string;
}

/**
 * Returns the slice's query. If the encodings of the two databases differ, an event that cannot be converted would make every COPY
 * fail, and no later event would arrive. So such an event is replaced:
 *   a row event whose row cannot be converted         by an event that cannot be read, which sets its table aside
 *   a row event whose table name cannot be converted  by an event of no table: the other database cannot have that table
 *   any other event                                   by an event of type pgtide:unsendable, or EXECUTE, with the reason, as
 *                                                     pgtide.slice_query creates them
 */
function sendable({ query, encoding }: Slice, other: string): string {
  if (other === encoding) return query;
  const unsendable = (...columns: string[]) =>
    `pgtide.unsendable(array[${columns.map((column) => `s.${column}`).join(', ')}], ${quoteLiteral(other)})`;
  return `select e.ev_id, e.ev_txid, e.ev_time,
      case when e.reason is null then e.ev_type when not e.is_row then case when e.ev_type = 'EXECUTE' then e.ev_type else 'pgtide:unsendable' end
           when e.head_reason is null then e.ev_type else '{}' end,
      case when e.reason is null then e.ev_data
           when e.is_row then json_build_object('type', case when e.head_reason is null then substr(e.ev_type, 1, 15) end, 'reason', e.reason)::text
           else e.reason end,
      case when e.reason is null then e.ev_extra1 when e.is_row then case when e.name_reason is null then e.ev_extra1 else '' end end,
      case when e.reason is null then e.ev_extra2 end,
      case when e.reason is null then e.ev_extra3 end,
      case when e.reason is null then e.ev_extra4 when e.is_row then 'pgtide:unreadable' end,
      case when e.reason is null or e.is_row then e.chunk_no else -2 end
    from (select s.*,
                 case when s.reason is not null and s.is_row then ${unsendable('ev_type')} end as head_reason,
                 case when s.reason is not null and s.is_row then ${unsendable('ev_extra1')} end as name_reason
          from (select s.*, s.ev_type like '{%' and s.ev_extra1 is not null as is_row,
                       ${unsendable('ev_type', 'ev_data', 'ev_extra1', 'ev_extra2', 'ev_extra3', 'ev_extra4')} as reason
                from (${query}) s (ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, chunk_no)
                offset 0) s offset 0) e`;
}

/**
 * If the subscriber's session has ended, and with it the lock on the position, another run may already have applied and
 * finished the batch.
 */
async function sliceOf(
  { provider, maxEvents, maxBytes, careful = false, giveUp = false }: Replay,
  batch: Batch,
  { afterEventId, copies }: OnTrack,
): Promise<Slice> {
  const slice = await provider
    .first<Slice>(
      `select query, last_ev_id as "lastEventId", getdatabaseencoding()::text as encoding from pgtide.slice_query($1, $2, $3, $4, $5, $6, $7)`,
      [
        batch.id,
        afterEventId,
        maxEvents,
        maxBytes,
        copies === null ? '[]' : JSON.stringify(copies),
        careful,
        giveUp,
      ],
    )
    .catch((cause: unknown) => {
      if (!hasState(cause, 'TD002')) throw cause;
      throw new PgtideError('fenced', `${provider.node}: another run has finished batch ${batch.id}`, {
        cause,
      });
    });
  return slice as Slice;
}
