import type { Client } from '../db/client.ts';
import { copyIn, copyText } from '../db/copy-in.ts';
import { quoteQualified } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';

/** A new event. Without extras, it states what happened (`type`) and to which object (`data`). */
export interface NewEvent {
  type: string;
  /** A text, or a value to be converted to JSON. */
  data: unknown;
  extra1?: string | null;
  extra2?: string | null;
  extra3?: string | null;
  extra4?: string | null;
}

type Fields = [type: string, data: string | null, ...extras: (string | null)[]];

function fieldsOf({ type, data, extra1, extra2, extra3, extra4 }: NewEvent): Fields {
  return [type, dataText(data), extra1 ?? null, extra2 ?? null, extra3 ?? null, extra4 ?? null];
}

function dataText(data: unknown): string | null {
  if (data === null || data === undefined) return null;
  if (typeof data === 'string') return data;
  const text: unknown = JSON.stringify(data);
  if (typeof text === 'string') return text;
  throw new PgtideError('input', `an event's data cannot be a ${typeof data}`);
}

/** Runs a statement with parameters and returns its rows, or `{rows}` as the driver does. */
export interface Queryable {
  query(text: string, values: unknown[]): PromiseLike<unknown>;
}

/** Returns the statement and its parameters, one array for each column. */
export function insertStatement(queue: string, events: readonly NewEvent[]): [string, unknown[]] {
  const columns: (string | null)[][] = [[], [], [], [], [], []];
  for (const event of events)
    for (const [index, field] of fieldsOf(event).entries()) columns[index]?.push(field);
  return [
    `select pgq.insert_event($1, e.type, e.data, e.extra1, e.extra2, e.extra3, e.extra4)::text as id
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
            with ordinality as e (type, data, extra1, extra2, extra3, extra4, nr)
      order by e.nr`,
    [queue, ...columns],
  ];
}

/** Inserts events, in the client's transaction if there is one. Returns their ids, in the same order. */
export async function insertEvents(
  client: Queryable,
  queue: string,
  events: readonly NewEvent[],
): Promise<bigint[]> {
  if (events.length === 0) return [];
  const answer = await client.query(...insertStatement(queue, events));
  const rows = (Array.isArray(answer) ? answer : (answer as { rows: unknown[] }).rows) as { id: string }[];
  return rows.map(({ id }) => BigInt(id));
}

const LINES_AT_ONCE = 500;

/** Copies events into the queue, in the client's transaction. Returns their number. No event is kept in memory. */
export async function copyEvents(
  client: Client,
  queue: string,
  events: AsyncIterable<NewEvent> | Iterable<NewEvent>,
): Promise<number> {
  const found = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [queue]);
  const [, schema, table] = /^([^.]+)\.(.+)$/.exec(found?.name ?? '') ?? [];
  if (!schema || !table)
    throw new PgtideError('internal', `${client.node}: queue ${queue} has no event table`);
  return copyIn(
    client,
    `copy ${quoteQualified(schema, table)} (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4) from stdin`,
    linesOf(events),
  );
}

/** Yields lines for COPY. The server reads `now` as the time of the transaction. */
async function* linesOf(events: AsyncIterable<NewEvent> | Iterable<NewEvent>): AsyncGenerator<string> {
  let lines: string[] = [];
  let size = 0;
  for await (const event of events) {
    const line = `now\t${fieldsOf(event).map(copyText).join('\t')}\n`;
    lines.push(line);
    size += line.length;
    if (lines.length < LINES_AT_ONCE && size < 65_536) continue;
    yield lines.join('');
    lines = [];
    size = 0;
  }
  if (lines.length > 0) yield lines.join('');
}
