/** The secrets that pgtide.yml names, so that the functions' roles can read these and no others. */
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

const FILE = 'pgtide.yml';

/** Without a configuration (a build to see whether it builds) there are none; `npm run deploy` asks for one. */
module.exports.secretArns = () => {
  const path = join(__dirname, '..', FILE);
  const { nodes = {}, queues = {} } = (existsSync(path) && parse(readFileSync(path, 'utf8'))) || {};
  const roots = new Set(Object.values(queues).map((queue) => queue?.root));
  const secretsOf = (names) => [...new Set(names.map((name) => nodes[name]?.secret).filter(Boolean))];
  return {
    roots: secretsOf(Object.keys(nodes).filter((name) => roots.has(name))),
    all: secretsOf(Object.keys(nodes)),
  };
};
