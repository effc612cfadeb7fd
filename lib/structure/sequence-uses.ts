/**
 * Finds the sequences that supply the values of a table's columns: sequences that a column owns, sequences that a default names, and
 * sequences that only the functions name that a default calls, as far as the text shows it.
 *
 * The text of functions shows a sequence in one of two ways:
 * - The sequence's name is a word of the default or of a function that draws from a sequence and that the default calls, directly or
 *   through another function.
 * - The sequence has the name that PostgreSQL gives the sequence of a serial column. This covers functions that compose the name.
 *
 * If sequences of several schemas have the same name, the one in the schema of the table or of the function is meant. Sequences that the
 * role may not read are skipped: nothing indicates that they are needed.
 */
import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import { ownSchemas } from './own-schemas.ts';
import type { RelationName } from './structure.ts';

export interface Sequence extends RelationName {
  readonly column: string;
  readonly identity: boolean;
  /** False if the column does not own the sequence: the column's default uses it, or a function that the default calls. */
  readonly owned: boolean;
  readonly type: string;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly comment: string | null;
}

/** The sequences of one table. */
export interface SequenceUses {
  known: Sequence[];
  /** Columns whose default draws from a sequence that cannot be determined. */
  lost: string[];
}

/** A row without a sequence names a column of `lost`. */
type Row = { table: number; column: string } & (Omit<Sequence, 'column'> | { name: null });

const sequenceUsesSql = sqlText('structure/sequence-uses.sql');

/** Returns the sequences of these tables, by the tables' OIDs. Tables without any are left out. */
export async function readSequenceUses(
  client: Client,
  oids: readonly number[],
): Promise<Map<number, SequenceUses>> {
  const uses = new Map<number, SequenceUses>();
  for (const { table, ...use } of await client.query<Row>(sequenceUsesSql, [oids, ownSchemas])) {
    const of = uses.get(table) ?? { known: [], lost: [] };
    uses.set(table, of);
    if (use.name === null) of.lost.push(use.column);
    else of.known.push(use);
  }
  return uses;
}
