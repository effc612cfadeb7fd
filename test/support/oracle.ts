/** The independent oracle: the two tables' rows as text, one by one, by no code of pgtide's. */
import { expect } from 'vitest';
import type { TestDatabase } from './database.ts';

const settings = `set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 1;
  set bytea_output = 'hex'; set lc_monetary = 'C'`;

/** All rows of a table, each as sorted name/value texts, sorted. `columns` defaults to those of this side. */
export function rowsOf(database: TestDatabase, table: string, columns?: string[]): Promise<string[]> {
  return database.superuser(async (client) => {
    await client.query(settings);
    const [schema, name] = table.includes('.') ? table.split('.', 2) : ['public', table];
    const names =
      columns ??
      (
        await client.query<{ name: string }>(
          `select a.attname::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped order by 1`,
          [schema, name],
        )
      ).map((row) => row.name);
    const quoted = (text: string | undefined) => `"${String(text).replaceAll('"', '""')}"`;
    const fields = names.map((column) => `coalesce(${quoted(column)}::text, '∅')`).join(` || ' | ' || `);
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
