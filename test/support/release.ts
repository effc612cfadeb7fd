/**
 * Earlier releases of the SQL files, from which tests upgrade: support/releases/<release>.json.gz, path → text as
 * `sqlFiles()` gives them. `npm run release` writes one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { sqlFiles } from '../../lib/install/sql-files.ts';

const folder = new URL('releases/', import.meta.url);

/** Right after a release its SQL equals the present one, and there is nothing to upgrade. */
export const releases = readdirSync(folder)
  .map((file) => file.replace('.json.gz', ''))
  .filter((release) => !isPresent(filesOfRelease(release)));

/** The release that closes no queues by itself, and captures every table in the form of pgtide's tables. */
export const isFirst = (release: string) => release === '0.1.0';

export function filesOfRelease(release: string): ReadonlyMap<string, string> {
  const text = gunzipSync(readFileSync(new URL(`${release}.json.gz`, folder))).toString();
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

function isPresent(files: ReadonlyMap<string, string>): boolean {
  const present = sqlFiles();
  return files.size === present.size && [...files].every(([path, text]) => present.get(path) === text);
}
