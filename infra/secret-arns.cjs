/** The secrets that pgtide.yml names, so that the functions' roles can read these and no others. */
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

const FILE = 'pgtide.yml';

/** An ARN may leave out the six characters that Secrets Manager puts behind the name; a policy has to match them. */
const asResources = (arn) => (arn ? [arn, `${arn}-??????`] : []);

/** Without a configuration (a build to see whether it builds) there are none; `npm run deploy` asks for one. */
module.exports.secretArns = () => {
  const path = join(__dirname, '..', FILE);
  const { nodes = {}, queues = {} } = (existsSync(path) && parse(readFileSync(path, 'utf8'))) || {};
  const roots = new Set(Object.values(queues).map((queue) => queue?.root));
  const secretsOf = (names) => [...new Set(names.flatMap((name) => asResources(nodes[name]?.secret)))];
  return {
    roots: secretsOf(Object.keys(nodes).filter((name) => roots.has(name))),
    all: secretsOf(Object.keys(nodes)),
  };
};
