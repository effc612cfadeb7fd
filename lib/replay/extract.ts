import { copyPipe } from '../db/copy-pipe.ts';
import { quoteLiteral } from '../db/identifier.ts';
import { AS_EVENTS, hasState, isUnreadableValue, isUnusable } from '../db/sqlstate.ts';
import { PgtideError } from '../errors.ts';
import type { Batch } from '../pgq/batch.ts';
import type { OnTrack } from './check-position.ts';
import type { Replay } from './replay-work.ts';

export interface Extracted {
  bytes: number;
  /** The slice has all events up to this id; null if it ends the batch. */
  lastEventId: bigint | null;
}

/** An event of a table in copy cannot be read, so the provider cannot determine its chunk. The provider's connection is closed. */
export class UnreadableKey extends Error {}

/** Rows do not fit into the subscriber's columns as they are, or fail in their table. The provider's connection is closed. */
export class UnusableRows extends Error {
  /** True if they were inserted in place: they fit, and one of them has failed. */
  readonly inPlace: boolean;

  constructor(inPlace: boolean) {
    super('rows cannot be taken as rows');
    this.inPlace = inPlace;
  }
}

/** Returns true if the slice must be replayed with events in place of rows (Replay.asEvents). */
export function mustBeEvents(error: unknown): boolean {
  return hasState(error, AS_EVENTS);
}

/**
 * Streams the batch, or its next slice, from the provider into the subscriber's stages or tables: the events of the event tables,
 * and the rows of each row table, as rows if the subscriber can take them so (pgtide.stage_rows), otherwise as events. The bytes are
 * passed through unread. The binary format of the events' few types is the same in all versions, and costs both servers half as much
 * as escaped text.
 * @throws UnreadableKey unless the slice is read with care (Replay.careful)
 * @throws UnusableRows unless the slice is read as events (Replay.asEvents)
 */
export function extractIntoStage(replay: Replay, batch: Batch, position: OnTrack): Promise<Extracted> {
  const { provider, subscriber, statementTimeoutMs, lockTimeoutMs } = replay;
  return provider.transaction({ readOnly: true, statementTimeoutMs, lockTimeoutMs }, async () => {
    const slice = await sliceOf(replay, batch, position);
    replay.stagedEvents = Number(slice.events);
    const copyEvents = async (query: string): Promise<number> => {
      const { bytes } = await copyPipe(
        provider,
        `copy (${sendable(query, slice.encoding, position.encoding)}) to stdout (format binary)`,
        subscriber,
        'copy pg_temp.pgtide_stage from stdin (format binary)',
      ).catch((error: unknown) => {
        throw position.copies !== null && !replay.careful && isUnreadableValue(error)
          ? new UnreadableKey()
          : error;
      });
      return bytes;
    };
    let bytes = slice.query === null ? 0 : await copyEvents(slice.query);
    const rowTables = await stageRows(replay, position, slice.rowTables ?? []);
    for (const table of rowTables) {
      if (table.form?.inPlace) await limitTime(replay, 'since the transaction began');
      bytes +=
        table.form === null ? await copyEvents(table.query) : await copyRows(replay, table, table.form);
    }
    if (rowTables.some(({ form }) => form?.inPlace)) await limitTime(replay, 'from now on');
    return { bytes, lastEventId: slice.lastEventId };
  });
}

interface Slice {
  /** The events to be copied; null if there are none. */
  query: string | null;
  lastEventId: bigint | null;
  rowTables: RowTable[] | null;
  /** The number of its events, also of those that are rows. */
  events: bigint;
  /** The provider's encoding. */
  encoding: string;
}

/** A row table that has rows of the batch, as pgtide.slice_query describes it. */
interface RowTable {
  /** Its tables, and which of their rows belong to the batch. */
  parts: { source: string; condition: string }[];
  /** The condition of the slice. */
  inside: string;
  /** The same rows as events. */
  query: string;
}

type RowForm = {
  /** The numbers of the provider's columns. */
  columns: number[];
  target: string;
} & (
  | {
      /** The target is the table itself, and takes the columns alone. */
      inPlace: true;
    }
  | {
      inPlace: false;
      /** The columns that are sent of deleted rows, too. */
      whole: number[];
    }
);

/**
 * Limits the time of the subscriber's next statements. Rows of several tables that are inserted in place have one limit together, which
 * begins with the transaction: it is to end before the run does, also if each table takes a part of it.
 */
async function limitTime(
  { subscriber, statementTimeoutMs }: Replay,
  from: 'since the transaction began' | 'from now on',
): Promise<void> {
  await subscriber.query(
    `select set_config('statement_timeout',
       greatest(1, $1::float8 - case when $2 then extract(epoch from clock_timestamp() - now()) * 1000 else 0 end)::bigint::text, true)`,
    [Math.ceil(statementTimeoutMs), from === 'since the transaction began'],
  );
}

/** Lets the subscriber choose the form of each row table's rows; null: as events. */
async function stageRows(
  { subscriber, queue, onConflict }: Replay,
  { replica }: OnTrack,
  tables: RowTable[],
): Promise<(RowTable & { form: RowForm | null })[]> {
  if (tables.length === 0) return [];
  const forms = await subscriber.query<RowForm & { target: string | null }>(
    'select in_place as "inPlace", columns, whole, target from pgtide.stage_rows($1, $2, $3) order by nr',
    [
      queue,
      JSON.stringify(tables.map(({ query: _query, ...described }) => described)),
      replica && onConflict !== 'overwrite',
    ],
  );
  return tables.map((table, nr) => ({ ...table, form: forms[nr]?.target ? forms[nr] : null }));
}

/** Streams rows with the types of their columns. */
async function copyRows(
  { provider, subscriber }: Replay,
  { parts, inside }: RowTable,
  form: RowForm,
): Promise<number> {
  const { columns, target, inPlace } = form;
  const sent = form.inPlace
    ? columns.map((nr) => `e.c${nr}`)
    : [
        'e.ev_id',
        'e.ev_op',
        ...columns.map((nr) =>
          form.whole.includes(nr) ? `e.c${nr}` : `case when e.ev_op <> 'D' then e.c${nr} end`,
        ),
      ];
  const query = parts
    .map(
      ({ source, condition }) =>
        `select ${sent.join(', ')} from ${source} e where ${condition} and ${inside}`,
    )
    .join(' union all ');
  const { bytes } = await copyPipe(
    provider,
    `copy (${query}) to stdout (format binary)`,
    subscriber,
    target,
  ).catch((error: unknown) => {
    throw isUnusable(error) ? new UnusableRows(inPlace) : error;
  });
  return bytes;
}

/**
 * Returns the slice's query. If the encodings of the two databases differ, an event that cannot be converted would make every COPY
 * fail, and no later event would arrive. So such an event is replaced:
 *   a row event whose row cannot be converted         by an event that cannot be read, which sets its table aside
 *   a row event whose table name cannot be converted  by an event of no table: the other database cannot have that table
 *   any other event                                   by an event of type pgtide:unsendable, or EXECUTE, with the reason, as
 *                                                     pgtide.slice_query creates them
 */
function sendable(query: string, encoding: string, other: string): string {
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
  { provider, maxEvents, maxBytes, careful = false, giveUp = false, asEvents = false }: Replay,
  batch: Batch,
  { afterEventId, copies, encoding }: OnTrack,
): Promise<Slice> {
  const slice = await provider
    .first<Slice>(
      `select query, last_ev_id as "lastEventId", row_tables as "rowTables", events, getdatabaseencoding()::text as encoding
         from pgtide.slice_query($1, $2, $3, $4, $5, $6, $7, not $8 and getdatabaseencoding() = $9)`,
      [
        batch.id,
        afterEventId,
        maxEvents,
        maxBytes,
        copies === null ? '[]' : JSON.stringify(copies),
        careful,
        giveUp,
        asEvents,
        encoding,
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
