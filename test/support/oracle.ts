/** The independent oracle: compares the rows of two tables as text, one by one, without any code of pgtide. */
import { expect } from 'vitest';
import type { TestDatabase } from './database.ts';

const settings = `set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 1;
  set bytea_output = 'hex'; set lc_monetary = 'C'`;

/** All rows of a table, each as sorted name/value texts, sorted. `columns` defaults to those of this side. */
export function rowsOf(database: TestDatabase, table: string, columns?: string[]): Promise<string[]> {
  return database.superuser(async (client) => {
    await client.query(settings);
    const [schema, name] = table.includes('.') ? table.split('.', 2) : ['public', table];
    const all = await client.query<{ name: string; send: string | null }>(
      `select a.attname::text as name, case a.atttypid when 'float4'::regtype then 'float4send' when 'float8'::regtype then 'float8send' end as send
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped order by 1`,
      [schema, name],
    );
    const chosen = columns?.map(
      (column) => all.find((one) => one.name === column) ?? { name: column, send: null },
    );
    const quoted = (text: string | undefined) => `"${String(text).replaceAll('"', '""')}"`;
    // Before PostgreSQL 12 floats have another text.
    const text = (column: string, send: string | null) =>
      send ? `case when ${column} = 'NaN' then 'NaN' else ${send}(${column})::text end` : `${column}::text`;
    const fields = (chosen ?? all)
      .map((column) => `coalesce(${text(quoted(column.name), column.send)}, '∅')`)
      .join(` || ' | ' || `);
    const rows = await client.query<{ line: string }>(
      `select ${fields || "''"} as line from ${quoted(schema)}.${quoted(name)}`,
    );
    return rows.map((row) => row.line).sort();
  });
}

/** Fails unless both sides hold the same rows in these tables. */
export async function expectEqual(
  provider: TestDatabase,
  subscriber: TestDatabase,
  tables: string[],
): Promise<void> {
  for (const table of tables)
    expect(await rowsOf(subscriber, table), `rows of ${table}`).toEqual(await rowsOf(provider, table));
}
