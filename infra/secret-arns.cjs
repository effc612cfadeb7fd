/** The secrets that pgtide.yml names, so that the functions' roles can read only these. */
const { readConfiguration } = require('./configuration.cjs');

/**
 * Secrets Manager appends a hyphen and six characters to the name. An ARN may omit them, but a policy has to match
 * them. A policy treats an ARN that ends in such characters as complete, and so does this function.
 */
const asResource = (arn) => (/-[A-Za-z0-9]{6}$/.test(arn) ? arn : `${arn}-??????`);

/**
 * Returns no secrets for an invalid configuration: package-config.cjs refuses it before anything is built, and
 * `remove` and `logs` need none.
 */
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
