/**
 * Long queries are in `.sql` files beside the modules that send them. Each file is one statement with parameters $1,
 * $2 …. psql runs the files from version 16 on: the `\bind` at the head of a file sets the parameters, and then `\i
 * lib/structure/columns.sql` runs the query.
 *
 * In a bundle, `PGTIDE_BUNDLED_QUERIES`, an object of path under lib/ → text, replaces the files, as in
 * lib/install/sql-files.ts.
 */
import { readFileSync } from 'node:fs';
import { PgtideError } from '../errors.ts';

declare const PGTIDE_BUNDLED_QUERIES: Record<string, string>;

/** Returns the statement in a file of lib, by its path under lib, without the comment above it. */
export function sqlText(path: `${string}.sql`): string {
  const text =
    typeof PGTIDE_BUNDLED_QUERIES === 'undefined'
      ? readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
      : PGTIDE_BUNDLED_QUERIES[path];
  if (text === undefined) throw new PgtideError('internal', `the bundle lacks the query lib/${path}`);
  return text.replace(/^(--.*\n)+/, '');
}
