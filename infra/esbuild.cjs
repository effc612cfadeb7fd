/**
 * How the functions are bundled. The AWS SDK goes in, though Lambda has one: the bundle holds the version that was
 * tested, and of its thousands of files only what is used.
 */
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Every .sql file by its path under sql/: what lib/install/sql-files.ts takes instead of reading a folder. */
const sqlFiles = () => {
  const folder = join(__dirname, '..', 'sql');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.sql'),
  );
  return Object.fromEntries(
    paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]),
  );
};

module.exports = () => ({
  bundle: true,
  minify: true,
  format: 'cjs',
  // The project's package.json says that .js is a module.
  outputFileExtension: '.cjs',
  target: 'node24',
  // pg loads it only when asked to.
  exclude: ['pg-native'],
  define: { PGTIDE_BUNDLED_SQL: JSON.stringify(sqlFiles()), 'import.meta.url': '"file:///var/task/"' },
  concurrency: 2,
  zipConcurrency: 2,
});
