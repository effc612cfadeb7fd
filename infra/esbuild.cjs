/**
 * Options for bundling the functions. The AWS SDK is included, although Lambda has one: the bundle holds the version
 * that was tested, and of its thousands of files only those that are used.
 */
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Returns every .sql file by its path under a folder: lib/install/sql-files.ts and lib/db/sql-text.ts use these
 * instead of reading files.
 */
const sqlFiles = (name) => {
  const folder = join(__dirname, '..', name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.sql') && !path.startsWith('demo'),
  );
  return Object.fromEntries(
    paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]),
  );
};

module.exports = () => ({
  bundle: true,
  minify: true,
  format: 'cjs',
  // The project's package.json declares .js files to be modules.
  outputFileExtension: '.cjs',
  target: 'node24',
  // pg loads it only on request.
  exclude: ['pg-native'],
  define: {
    PGTIDE_BUNDLED_SQL: JSON.stringify(sqlFiles('sql')),
    PGTIDE_BUNDLED_QUERIES: JSON.stringify(sqlFiles('lib')),
    'import.meta.url': '"file:///var/task/"',
  },
  concurrency: 2,
  zipConcurrency: 2,
});
