/**
 * Reads the rows of tables. Tables that belong to other roles are read as their owners, because the owners' code may run during the query
 * (pgtide.table_reader).
 */
import type { Client, Row } from '../db/client.ts';
import { quoteLiteral } from '../db/identifier.ts';

/** The role that reads a table. */
export interface Reader {
  /** The table for which the reader was determined. */
  oid: bigint;
  /** Its name, quoted. */
  name: string;
  /** The function that reads the table as its owner; null if this role reads it. */
  as: string | null;
}

/**
 * Returns the reader of a table, given by its name as pgtide writes it, or by its oid; undefined if there is no such table. Do not call it
 * in a read-only transaction: it may have to create the function.
 * @throws PgtideError `schema`, if the table cannot be read without running code of other roles as this role
 */
export function tableReader(client: Client, table: string | bigint): Promise<Reader | undefined> {
  const oid = typeof table === 'string' ? 'londiste.find_table_oid($1)' : '$1::int8::oid';
  return client.first<Reader>(
    `select c.oid::int8 as oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name, pgtide.table_reader(c.oid) as "as"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.oid = ${oid}`,
    [table],
  );
}

/**
 * Ensures that a table that this role reads is still the one for which the reader was determined, and remains so until the transaction
 * ends. Call it in the transaction of a query, right before the query.
 * @throws PgtideError `schema`
 */
export async function holdTable(client: Client, { oid, name, as }: Reader): Promise<void> {
  if (as === null) await client.query('select pgtide.hold_table($1::int8::oid, $2)', [oid, name]);
}

/** An array in a query: a parameter, or, if another role runs the query, a literal. */
export type ArrayOf = (values: readonly (bigint | number | string | null)[], type: string) => string;

export interface TableQuery {
  /** The query's columns with their types, as a column definition list. */
  columns: string;
  sql(array: ArrayOf): string;
}

/**
 * Returns a query in the form in which the table's reader runs it. Run it in a read-only transaction: settings that the owner's code
 * changes in the session end with that transaction.
 */
export function readAs({ as }: Reader, { columns, sql }: TableQuery): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  if (as !== null)
    return { text: `select * from ${as}(${quoteLiteral(sql(arrayLiteral))}) as r (${columns})`, values };
  const text = sql((array, type) => `$${values.push([...array])}::${type}[]`);
  return { text, values };
}

/** Runs a query on a table. Call it in a read-only transaction. */
export async function readTable<T = Row>(client: Client, reader: Reader, query: TableQuery): Promise<T[]> {
  await holdTable(client, reader);
  const { text, values } = readAs(reader, query);
  return client.query<T>(text, values);
}

const arrayLiteral: ArrayOf = (values, type) => {
  const element = (value: bigint | number | string | null) =>
    typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `${value}`;
  return `${quoteLiteral(`{${values.map(element).join(',')}}`)}::${type}[]`;
};
