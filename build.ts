/**
 * `npm run build` builds the files that are published on npm: JavaScript for Node 20 and up by esbuild (Node 20 does
 * not run TypeScript as it is), one file for each entry, with shared code in chunks; types by tsc. Dependencies stay
 * dependencies.
 */
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { readSqlFolder } from './lib/install/sql-files.ts';

/**
 * The queries of lib, for lib/db/sql-text.ts. The SQL to install, and the demo's scripts, are files of the package.
 */
const queries = [...readSqlFolder('lib')].filter(([path]) => !path.startsWith('demo/'));

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { 'cli/main': 'lib/cli/main.ts', api: 'lib/api.ts', consumer: 'lib/consumer/consumer-api.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  define: { PGTIDE_BUNDLED_QUERIES: JSON.stringify(Object.fromEntries(queries)) },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
});
chmodSync('dist/cli/main.js', 0o755);
