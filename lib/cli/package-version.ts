import { readFileSync } from 'node:fs';

/** The version in package.json, which stands two folders above this file, or three in what is published. */
export function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (found.name === 'pgtide') return found.version;
    } catch {
      // Not there: the other one is.
    }
  }
  return 'unknown';
}
