/** The rows of tables that belong to other roles are read as their owners, whose code may run meanwhile (pgtide.table_reader). */
import type { Client } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';

/** Who reads a table. */
export interface Reader {
  /** The table that was looked at. */
  oid: bigint | null;
  /** The function that reads it as its owner; null: this role does. */
  as: string | null;
}

/**
 * Who reads a table, by its name as pgtide has it. Not in a read-only transaction: the function may have to be made, but for `make: false`.
 * @throws PgtideError `schema`, where it cannot be read without running code of others as this role
 */
export async function tableReader(client: Client, table: string, { make = true } = {}): Promise<Reader> {
  const row = await client.first<Reader>(
    'select t.oid::int8, pgtide.table_reader(t.oid, $2) as "as" from (select londiste.find_table_oid($1) as oid) t',
    [table, make],
  );
  return row ?? { oid: null, as: null };
}

/**
 * In the transaction of a query, before it: a table that this role reads is still the one that was looked at, and stays it.
 * @throws PgtideError `schema`
 */
export async function holdTable(client: Client, { oid, as }: Reader): Promise<void> {
  if (as === null) await client.query('select pgtide.hold_table($1::int8::oid)', [oid]);
}

/**
 * The query as its reader runs it, in a read-only transaction: what the owner's code changes in the session ends with that.
 * @param columns its columns with their types, as a column definition list
 */
export function readAs({ as }: Reader, query: string, columns: string): string {
  return as === null ? query : `select * from ${as}(${quoteLiteral(query)}) as r (${columns})`;
}

/** An array of numbers or texts as SQL. A query that another role runs takes no parameters. */
export function arrayLiteral(values: readonly (bigint | number | string | null)[], type: string): string {
  const element = (value: bigint | number | string | null) =>
    typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `${value}`;
  return `${quoteLiteral(`{${values.map(element).join(',')}}`)}::${type}[]`;
}
