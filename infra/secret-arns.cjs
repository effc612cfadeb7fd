/** The secrets that pgtide.yml names, so that the functions' roles can read these and no others. */
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

const FILE = 'pgtide.yml';

/**
 * Secrets Manager puts a hyphen and six characters behind the name. An ARN may leave them out; a policy has to match them. It
 * takes an ARN that ends in such characters for a whole one, and so does this.
 */
const asResource = (arn) => (/-[A-Za-z0-9]{6}$/.test(arn) ? arn : `${arn}-??????`);

/** Without a configuration (a build to see whether it builds) there are none. */
module.exports.secretArns = () => {
  const path = join(__dirname, '..', FILE);
  const { nodes = {}, queues = {} } = (existsSync(path) && parse(readFileSync(path, 'utf8'))) || {};
  const roots = new Set(Object.values(queues).map((queue) => queue?.root));
  const secretsOf = (names) => [
    ...new Set(names.flatMap((name) => nodes[name]?.secret ?? []).map((arn) => asResource(arn))),
  ];
  return {
    roots: secretsOf(Object.keys(nodes).filter((name) => roots.has(name))),
    all: secretsOf(Object.keys(nodes)),
  };
};
