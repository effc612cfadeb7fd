/**
 * pgtide.yml for a deployment: checked, with its paths as they are written. A build that only checks whether bundling
 * works has none.
 */
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const FILE = 'pgtide.yml';
const folder = join(__dirname, '..');

module.exports.readConfiguration = async () => {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  const { parseConfig } = await import('../lib/config/config.ts');
  return parseConfig(readFileSync(path, 'utf8'), FILE);
};
module.exports.FILE = FILE;
module.exports.folder = folder;
