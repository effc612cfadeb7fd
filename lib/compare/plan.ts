/**
 * Pieces of SQL with which both sides are queried about one table.
 *
 * Rows are divided into buckets by their key. So one scan of each side narrows a difference to a few hundred rows, whatever the
 * collations are (a range of text would contain different rows on the two servers). Neighbouring whole numbers share a bucket,
 * because rows that are not replicated yet are mostly neighbours.
 * A table without a key is a multiset of row hashes: the row's hash is used in place of the key.
 */
import { quoteIdent, quoteQualified } from '../db/identifier.ts';
import { PgtideError } from '../errors.ts';
import type { Reader } from '../node/table-reader.ts';
import {
  baseOf,
  castTarget,
  isOrderedAlike,
  isWholeNumber,
  type Rendering,
  renderColumn,
  textOf,
} from './canonical.ts';
import { hashOfRow, type PairFacts } from './row-hash.ts';
import type { ColumnShape, TableShape } from './table-shape.ts';

/** One side's SQL. All of it refers to `from`, in which the table has the alias `t`. */
export interface SidePlan {
  /** The reader of the table. */
  reader: Reader;
  from: string;
  /** int8: the hash of the row. */
  rowHash: string;
  /** int8: identifies the row. */
  id: string;
  /** int8: the bucket of an id, given as an expression. */
  bucketOf(id: string): string;
  /** text[]: the key's values, or null if there is no key. */
  keyText: string;
  /** For each key column, the condition that its value equals a value given as text. */
  keyEquals: ((text: string) => string)[];
}

export interface TablePlan {
  provider: SidePlan;
  subscriber: SidePlan;
  keyColumns: string[];
  /** True if the key is one whole number; then the id is that number. */
  idIsKey: boolean;
  /** The key's first column, if a range of it contains the same rows on both sides. */
  rangeColumn: { name: string; type: string } | undefined;
  rowsEstimate: number;
  /** Columns that only one side has; they are not compared. */
  onlyProvider: string[];
  onlySubscriber: string[];
}

const ROWS_PER_BUCKET = 64;
const NEIGHBOURS_SHIFT = 6;
const bucketCounts = [61, 509, 4093, 32749];

function bucketCountFor(rowsEstimate: number): number {
  return bucketCounts.find((count) => count * ROWS_PER_BUCKET >= rowsEstimate) ?? 32749;
}

interface Pair {
  provider: ColumnShape;
  subscriber: ColumnShape;
  rendering: Rendering;
}

function commonColumns(provider: TableShape, subscriber: TableShape, facts: PairFacts): Pair[] {
  const there = new Map(subscriber.columns.map((column) => [column.name, column]));
  return provider.columns.flatMap((column) => {
    const other = there.get(column.name);
    if (!other) return [];
    const rendering = renderColumn(column, other, {
      provider: 't',
      subscriber: 't',
      floatTextDiffers: facts.floatTextDiffers,
    });
    return [{ provider: column, subscriber: other, rendering }];
  });
}

function missing(columns: readonly ColumnShape[], there: readonly ColumnShape[]): string[] {
  const names = new Set(there.map((column) => column.name));
  return columns.map((column) => column.name).filter((name) => !names.has(name));
}

export function planTable(provider: TableShape, subscriber: TableShape, facts: PairFacts): TablePlan {
  const columns = commonColumns(provider, subscriber, facts);
  if (columns.length === 0)
    throw new PgtideError(
      'schema',
      `table ${provider.schema}.${provider.name} has no column that is on both sides`,
    );
  const found = provider.key.map((name) => columns.find((column) => column.provider.name === name));
  const key = found.filter((column) => column !== undefined);
  // A key that may be null on the subscriber is not used as a key: a row with a null key would have no id, and be in no range.
  const keyed =
    key.length > 0 && key.length === found.length && key.every((column) => column.subscriber.notNull);
  const buckets = bucketCountFor(provider.rowsEstimate);
  const side = (table: TableShape, which: 'provider' | 'subscriber'): SidePlan =>
    planSide(table, which, { columns, key: keyed ? key : [], buckets, facts });
  const first = keyed ? key[0] : undefined;
  const sameOrder = first && isOrderedAlike(first.provider) && isOrderedAlike(first.subscriber);
  return {
    provider: side(provider, 'provider'),
    subscriber: side(subscriber, 'subscriber'),
    keyColumns: keyed ? [...provider.key] : [],
    idIsKey: keyed && isNumbered(key),
    rangeColumn: sameOrder ? { name: first.provider.name, type: castTarget(first.provider) } : undefined,
    rowsEstimate: provider.rowsEstimate,
    onlyProvider: missing(provider.columns, subscriber.columns),
    onlySubscriber: missing(subscriber.columns, provider.columns),
  };
}

/**
 * The operators of a type that is not PostgreSQL's own are not on the pinned search path. A cast from text to such a type, or a
 * check of a domain in it, may call any user's function. So such a key is looked up by its text, without its index.
 */
function keyCondition(column: ColumnShape): (text: string) => string {
  const ref = `t.${quoteIdent(column.name)}`;
  if (baseOf(column.type).schema !== 'pg_catalog') return (text) => `${textOf(ref, column.type)} = ${text}`;
  return (text) => `${ref} = ${text}::${castTarget(column)}`;
}

function isNumbered(key: Pair[]): boolean {
  return (
    key.length === 1 && key.every((pair) => isWholeNumber(pair.provider) && isWholeNumber(pair.subscriber))
  );
}

function planSide(
  table: TableShape,
  which: 'provider' | 'subscriber',
  of: { columns: Pair[]; key: Pair[]; buckets: number; facts: PairFacts },
): SidePlan {
  const hash = of.facts.hash;
  const rowHash = hashOfRow(
    of.columns.map((column) => column.rendering[which]),
    hash,
  );
  const refs = of.key.map((column) => `t.${quoteIdent(column[which].name)}`);
  const whole = isNumbered(of.key);
  const keyHash = () =>
    hashOfRow(
      of.key.map((column) => column.rendering[which]),
      hash,
    );
  return {
    reader: table.reader,
    from: `${table.partitioned ? '' : 'only '}${quoteQualified(table.schema, table.name)} as t`,
    rowHash,
    id: whole ? `${refs[0]}::int8` : of.key.length > 0 ? keyHash() : rowHash,
    bucketOf: (id) => (whole ? `(${id} >> ${NEIGHBOURS_SHIFT}) % ${of.buckets}` : `${id} % ${of.buckets}`),
    keyText:
      of.key.length > 0
        ? `array[${of.key.map((column, nr) => textOf(refs[nr] ?? '', column[which].type)).join(', ')}]`
        : 'null::text[]',
    keyEquals: of.key.map((column) => keyCondition(column[which])),
  };
}
