/**
 * The SQL files that pgtide installs: path under `sql/` (`pgq/tables.sql`) → text.
 *
 * A bundler defines `PGTIDE_BUNDLED_SQL` as the JSON object of exactly this map (esbuild: `define: { PGTIDE_BUNDLED_SQL:
 * JSON.stringify(Object.fromEntries(sqlFiles())) }`); then no file is read. Otherwise the folder is `PGTIDE_SQL_DIR`, or the nearest
 * `sql/pgq` above this module.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PgtideError } from '../errors.ts';

declare const PGTIDE_BUNDLED_SQL: Record<string, string>;

let files: ReadonlyMap<string, string> | undefined;

export function sqlFiles(): ReadonlyMap<string, string> {
  files ??=
    typeof PGTIDE_BUNDLED_SQL === 'undefined'
      ? readSqlFolder(process.env.PGTIDE_SQL_DIR ?? nearestSqlFolder())
      : new Map(Object.entries(PGTIDE_BUNDLED_SQL));
  return files;
}

/** Reads every `.sql` file under the folder. The keys are the paths below the folder, with forward slashes. */
export function readSqlFolder(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!entry.endsWith('.sql')) continue;
    found.set(entry.replaceAll('\\', '/'), readFileSync(join(folder, entry), 'utf8'));
  }
  return found;
}

function nearestSqlFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'sql', 'pgq'))) return join(folder, 'sql');
    if (folder === dirname(folder))
      throw new PgtideError('not-found', `there is no folder sql/pgq above ${here}`, {
        remedy: 'set PGTIDE_SQL_DIR to the folder that holds the SQL files of pgtide',
      });
  }
}
