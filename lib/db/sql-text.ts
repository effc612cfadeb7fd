/**
 * Long queries stand in `.sql` files beside the modules that send them, each one statement with parameters $1, $2 …. psql runs them, from
 * version 16 on: the `\bind` that stands at their head gives the parameters, and then `\i lib/structure/columns.sql` runs the query.
 *
 * The seam for bundles, as in lib/install/sql-files.ts: `PGTIDE_BUNDLED_QUERIES` is an object of path under lib/ → text.
 */
import { readFileSync } from 'node:fs';

declare const PGTIDE_BUNDLED_QUERIES: Record<string, string>;

/** The statement in a file of lib, by its path there; without the comment above it. */
export function sqlText(path: `${string}.sql`): string {
  const text =
    typeof PGTIDE_BUNDLED_QUERIES === 'undefined'
      ? readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
      : (PGTIDE_BUNDLED_QUERIES[path] ?? '');
  return text.replace(/^(--.*\n)+/, '');
}
