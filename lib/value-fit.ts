/**
 * Checks whether a column of the subscriber keeps the values of the provider's. Values arrive unchanged, or their
 * table is set aside.
 *
 * Values travel as text. The subscriber's type reads a text in one of three ways: as the same value, as an error, or,
 * silently, as another value: numeric(10,2) and timestamp(0) round, varchar(3) cuts blanks, jsonb drops repeated
 * names, timestamp drops the zone. An error itself sets the table aside. To find the third case, types are judged
 * before a row is written, once per shape of the two tables:
 *   replay  lib/replay/judge-types.ts: a tag of events that is new, or new columns on the subscriber
 *   copy    lib/copy/copy-chunk.ts: with each chunk, after its COPY, which holds both tables' columns as they are until the commit
 *   status, add-table  lib/structure/type-fit.ts, which also refuses what would be an error
 * A conversion that this table of rules does not have counts as a change. The subscriber may be wider.
 */

/** A type's name with its modifier, domains resolved: pgtide.stored_type. */
export type StoredType = string | { array: StoredType } | { row: [name: string, type: StoredType][] };

/** A column, as pgtide.column_types returns it. */
export interface ColumnType {
  name: string;
  type: StoredType;
  /** The type as SQL writes it. */
  shown: string;
  generated: boolean;
}

/** Returns why the subscriber's columns would change values of the provider's, or undefined if they keep them. */
export function valueMisfit(
  table: string,
  provider: readonly ColumnType[],
  subscriber: readonly ColumnType[],
): string | undefined {
  const columns = new Map(subscriber.map((column) => [column.name, column]));
  const found = provider.flatMap((from) => {
    const to = columns.get(from.name);
    // A missing column is an error elsewhere; a column that is generated here is not written.
    if (!to || to.generated || keepsValues(from.type, to.type)) return [];
    return [`${to.shown} does not keep every ${from.shown} of the provider in column ${to.name}`];
  });
  if (found.length === 0) return undefined;
  return `table ${table}: the subscriber's ${found.join(', and ')}`;
}

/**
 * Returns why rows of the provider may have changed without an event: ALTER TABLE converts them, and no trigger
 * fires. Returns undefined if the present columns keep the earlier values. A USING expression that changes values, of
 * a type that keeps them, is not noticed.
 */
export function retypedMisfit(
  table: string,
  before: readonly ColumnType[],
  now: readonly ColumnType[],
): string | undefined {
  const columns = new Map(now.map((column) => [column.name, column]));
  const found = before.flatMap((from) => {
    const to = columns.get(from.name);
    if (!to || to.generated || keepsValues(from.type, to.type)) return [];
    return [`column ${from.name} was ${from.shown} and is ${to.shown} now`];
  });
  if (found.length === 0) return undefined;
  return `table ${table}: the provider's ${found.join(', ')}, and no event tells what that made of its rows`;
}

/** Returns true if `to` reads every value of `from` as that value, or as an error. */
export function keepsValues(from: StoredType, to: StoredType): boolean {
  if (typeof from === 'string' || typeof to === 'string')
    return typeof from === 'string' && typeof to === 'string' && (from === to || scalarKeeps(from, to));
  if ('array' in from) return 'array' in to && keepsValues(from.array, to.array);
  if (!('row' in to) || from.row.length !== to.row.length) return false;
  return from.row.every(([name, type], nr) => {
    const field = to.row[nr];
    return field !== undefined && field[0] === name && keepsValues(type, field[1]);
  });
}

const whole = new Set(['smallint', 'integer', 'bigint']);
const textual = new Set(['text', 'character varying', 'citext:citext']);
/** Types whose text is the same in a row's JSON and in COPY. */
const sameAsText = new Set([...whole, ...textual, 'numeric', 'uuid', 'json', 'jsonb', 'enum', 'name']);
const timed = new Set(
  ['time', 'timestamp'].flatMap((type) => [`${type} with time zone`, `${type} without time zone`]),
);

interface Scalar {
  name: string;
  modifier: number[];
}

/** `timestamp(3) with time zone` → name `timestamp with time zone`, modifier 3. */
function parse(type: string): Scalar {
  const [, head = type, modifier, tail = ''] =
    /^([^(]+?)(?:\((-?\d+(?:,-?\d+)?)\))?( with(?:out)? time zone)?$/.exec(type) ?? [];
  return { name: head + tail, modifier: modifier ? modifier.split(',').map(Number) : [] };
}

function scalarKeeps(from: string, to: string): boolean {
  const [one, other] = [parse(from), parse(to)];
  const free = other.modifier.length === 0;
  if (other.name === 'numeric') return numericKeeps(one, other);
  if (whole.has(one.name) && whole.has(other.name)) return true;
  if (one.name === 'real' && other.name === 'double precision') return true;
  if (one.name === 'jsonb' && other.name === 'json') return true;
  // An enum reads only its labels, and reads them unchanged.
  if (textual.has(one.name) && other.name === 'enum') return true;
  if (textual.has(other.name)) return sameAsText.has(one.name) && (free || isLonger(one, other));
  if (timed.has(one.name)) return one.name === other.name && precision(other) >= precision(one);
  if (one.name.startsWith('interval')) return intervalKeeps(one, other);
  if (one.name === 'bit varying') return one.name === other.name && (free || isLonger(one, other));
  // A type of an extension, without a modifier.
  return one.name === other.name && one.name.includes(':') && free;
}

/**
 * Digits beyond the scale are rounded; too many before the point are an error. From a float, numeric loses the sign
 * of zero.
 */
function numericKeeps(from: Scalar, { modifier }: Scalar): boolean {
  const [, scale = 0] = modifier;
  if (whole.has(from.name)) return scale >= 0;
  if (from.name !== 'numeric') return false;
  return modifier.length === 0 || (from.modifier.length > 0 && scale >= (from.modifier[1] ?? 0));
}

function isLonger({ name, modifier: [length] }: Scalar, { modifier: [room = 0] }: Scalar): boolean {
  return name !== 'citext:citext' && length !== undefined && length <= room;
}

function precision({ modifier }: Scalar): number {
  return modifier[0] ?? 6;
}

function intervalKeeps(from: Scalar, to: Scalar): boolean {
  return (to.name === 'interval' || to.name === from.name) && precision(to) >= precision(from);
}
