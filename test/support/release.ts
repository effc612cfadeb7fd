/** Earlier releases of the SQL files, to upgrade from: support/releases/<release>.json.gz, path → text as `sqlFiles()` gives them. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = new URL('releases/', import.meta.url);

export const releases = readdirSync(folder).map((file) => file.replace('.json.gz', ''));

export function filesOfRelease(release: string): ReadonlyMap<string, string> {
  const text = gunzipSync(readFileSync(new URL(`${release}.json.gz`, folder))).toString();
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}
