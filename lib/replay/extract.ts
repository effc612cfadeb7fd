import { copyPipe } from '../db/copy-pipe.ts';
import { quoteLiteral } from '../db/identifier.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import type { OnTrack } from './position.ts';
import type { Replay } from './replay.ts';

export interface Extracted {
  bytes: number;
  /** Where the slice ends inside the batch; null: the batch ends with it. */
  lastEventId: bigint | null;
}

/**
 * Streams the batch's events, or the next slice of them, from the provider's event tables into the subscriber's stage.
 * The bytes are not looked into on the way. The binary form of the stage's few types is the same in all versions, and costs
 * both servers half of what escaped text does.
 */
export function extractIntoStage(replay: Replay, batch: Batch, position: OnTrack): Promise<Extracted> {
  const { provider, subscriber } = replay;
  return provider.transaction({ readOnly: true, statementTimeoutMs: replay.statementTimeoutMs }, async () => {
    const slice = await sliceOf(replay, batch, position);
    const { bytes } = await copyPipe(
      provider,
      `copy (${sendable(slice, position.encoding)}) to stdout (format binary)`,
      subscriber,
      'copy pg_temp.pgtide_stage from stdin (format binary)',
    );
    return { bytes, lastEventId: slice.lastEventId };
  });
}

interface Slice {
  query: string;
  lastEventId: bigint | null;
  /** The provider's. */
  encoding: string;
}

/**
 * The slice's query. Where the two databases' encodings differ, an event that has no form in the other one is sent as one that
 * cannot be read, and so sets its table aside: sent as it is, it would end every COPY, and nothing after it would ever arrive.
 */
function sendable({ query, encoding }: Slice, other: string): string {
  if (other === encoding) return query;
  return `select e.ev_id, e.ev_txid, e.ev_time, e.ev_type,
      case when e.reason is null then e.ev_data else json_build_object('type', substr(e.ev_type, 1, 15), 'reason', e.reason)::text end,
      e.ev_extra1, case when e.reason is null then e.ev_extra2 end, e.ev_extra3,
      case when e.reason is null then e.ev_extra4 else 'pgtide:unreadable' end, e.chunk_no
    from (select s.*, case when s.ev_extra1 is not null
                      then pgtide.unsendable(array[s.ev_data, s.ev_extra2], ${quoteLiteral(other)}) end as reason
            from (${query}) s (ev_id, ev_txid, ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4, chunk_no) offset 0) e`;
}

/**
 * Where the subscriber is gone, and its lock on the position with it, another run may have applied and finished the batch
 * by now.
 */
async function sliceOf(
  { provider, maxEvents, maxBytes }: Replay,
  batch: Batch,
  { afterEventId, copies }: OnTrack,
): Promise<Slice> {
  const slice = await provider
    .first<Slice>(
      `select query, last_ev_id as "lastEventId", getdatabaseencoding()::text as encoding from pgtide.slice_query($1, $2, $3, $4, $5)`,
      [batch.id, afterEventId, maxEvents, maxBytes, copies === null ? '[]' : JSON.stringify(copies)],
    )
    .catch((cause: unknown) => {
      if (!hasState(cause, 'TD002')) throw cause;
      throw new PgtideError('fenced', `${provider.node}: another run has finished batch ${batch.id}`, {
        cause,
      });
    });
  return slice as Slice;
}
