import { PgtideError } from '../errors.ts';
import type { QueueEvent } from './event.ts';

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

/** A change of a table's row, as capture (and jsontriga) writes it. */
export interface RowChange {
  readonly op: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly schema: string;
  readonly table: string;
  /** The key's columns; none for a table without a key. */
  readonly key: readonly string[];
  /** The row after the change; for DELETE, the deleted row (at least its key). Empty for TRUNCATE. */
  readonly row: Readonly<Record<string, Value>>;
  /** The row before an UPDATE, if the event contains it. */
  readonly old: Readonly<Record<string, Value>> | null;
}

const operations: readonly RowChange['op'][] = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'];

/**
 * Reads an event of a captured table. Returns undefined if the event is of another kind. Numbers that JavaScript cannot represent
 * exactly (bigint, numeric with many digits) are returned as text.
 */
export function parseChange(
  event: Pick<QueueEvent, 'id' | 'type' | 'data' | 'extra1' | 'extra2'>,
): RowChange | undefined {
  if (event.type === 'R' && event.extra1 !== null) return truncated(event.extra1);
  if (!event.type?.startsWith('{')) return undefined;
  const { op, table, pkey } = parseObject(event, event.type);
  const known = operations.find((operation) => operation === op);
  if (known === undefined || !Array.isArray(table)) return undefined;
  const [schema, name] = table;
  return {
    op: known,
    schema: String(schema),
    table: String(name),
    key: Array.isArray(pkey) ? pkey.map(String) : [],
    row: parseObject(event, event.data ?? '{}'),
    old: event.extra2?.startsWith('{') ? parseObject(event, event.extra2) : null,
  };
}

function truncated(table: string): RowChange {
  const dot = table.indexOf('.');
  return {
    op: 'TRUNCATE',
    schema: table.slice(0, dot),
    table: table.slice(dot + 1),
    key: [],
    row: {},
    old: null,
  };
}

function parseObject(event: { id: bigint }, text: string): Record<string, Value> {
  try {
    return JSON.parse(exactNumbers(text)) as Record<string, Value>;
  } catch {
    // The parser's own message quotes the text.
    throw new PgtideError('input', `event ${event.id}: not valid JSON`);
  }
}

/** Quotes the numbers that JSON.parse would change. */
function exactNumbers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') || survives(token) ? token : `"${token}"`,
  );
}

const SAFE_DIGITS = 15;

function survives(number: string): boolean {
  const digits = number.replace(/[eE].*/, '').replaceAll(/[^\d]|^0+/g, '');
  return digits.length <= SAFE_DIGITS && Number.isFinite(Number(number));
}
