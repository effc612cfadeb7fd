/** The secrets that pgtide.yml names, so that the functions' roles can read these and no others. */
const { readConfiguration } = require('./configuration.cjs');

/**
 * Secrets Manager puts a hyphen and six characters behind the name. An ARN may leave them out; a policy has to match them. It
 * takes an ARN that ends in such characters for a whole one, and so does this.
 */
const asResource = (arn) => (/-[A-Za-z0-9]{6}$/.test(arn) ? arn : `${arn}-??????`);

/** Of a configuration that is not valid none: package-config.cjs refuses it before anything is built, and `remove` and `logs` need none. */
module.exports.secretArns = async () => {
  const config = await readConfiguration().catch(() => undefined);
  const { nodes, queues } = config ?? { nodes: {}, queues: {} };
  const roots = new Set(Object.values(queues).map(({ root }) => root));
  const secretsOf = (names) => [
    ...new Set(names.flatMap((name) => nodes[name].secret ?? []).map((arn) => asResource(arn))),
  ];
  return {
    roots: secretsOf(Object.keys(nodes).filter((name) => roots.has(name))),
    all: secretsOf(Object.keys(nodes)),
  };
};
