/** The rows of tables that belong to other roles are read as their owners, whose code may run meanwhile (pgtide.table_reader). */
import type { Client } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';

/** The function that reads a table as its owner, for readAs; null: this role reads it. */
export type Reader = string | null;

/**
 * Who reads a table, by its name as pgtide has it. Not in a read-only transaction: the function may have to be made, but for `make: false`.
 * @throws PgtideError `schema`, where it cannot be read without running code of others as this role
 */
export async function tableReader(client: Client, table: string, { make = true } = {}): Promise<Reader> {
  const row = await client.first<{ reader: Reader }>(
    'select pgtide.table_reader(londiste.find_table_oid($1), $2) as reader',
    [table, make],
  );
  return row?.reader ?? null;
}

/**
 * The query as its reader runs it, in a read-only transaction: what the owner's code changes in the session ends with that.
 * @param columns its columns with their types, as a column definition list
 */
export function readAs(reader: Reader, query: string, columns: string): string {
  return reader ? `select * from ${reader}(${quoteLiteral(query)}) as r (${columns})` : query;
}

/** An array of numbers or texts as SQL. A query that another role runs takes no parameters. */
export function arrayLiteral(values: readonly (bigint | number | string | null)[], type: string): string {
  const element = (value: bigint | number | string | null) =>
    typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `${value}`;
  return `${quoteLiteral(`{${values.map(element).join(',')}}`)}::${type}[]`;
}
