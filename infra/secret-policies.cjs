/**
 * The right to read secrets, by name, for any number of them. IAM accepts 10,240 characters of inline policies in a
 * role, not counting white space, and ten managed policies of 6,144 characters. So a short list of secrets is inline
 * in each role. A long list is in managed policies, which the roles that read the same secrets share. A longer list
 * is refused here, because CloudFormation would detect it only in the middle of a deployment.
 */
const MAX_INLINE = 8_000;
const MAX_MANAGED = 6_144;
const MAX_ATTACHED = 10;

const statement = (arns) => ({
  Effect: 'Allow',
  Action: 'secretsmanager:GetSecretValue',
  Resource: arns,
});
const documentOf = (arns) => ({ Version: '2012-10-17', Statement: [statement(arns)] });
const lengthOf = (value) => JSON.stringify(value).length;

/** Splits a list into as few lists as fit into a managed policy each. */
function splitForManaged(arns) {
  const room = MAX_MANAGED - lengthOf(documentOf([]));
  const lists = [];
  let left = 0;
  for (const arn of arns) {
    const length = lengthOf(arn) + 1;
    if (length > left) {
      lists.push([]);
      left = room;
    }
    lists.at(-1).push(arn);
    left -= length;
  }
  return lists;
}

/**
 * `inline`: the statement for a role, or false. `attached`: the managed policies that it has instead. `resources`:
 * these policies, each named `${name}…`.
 */
module.exports.secretPolicies = (name, arns) => {
  if (arns.length === 0) return { inline: false, attached: [], resources: {} };
  if (lengthOf(statement(arns)) <= MAX_INLINE)
    return { inline: statement(arns), attached: [], resources: {} };
  const lists = splitForManaged(arns);
  if (lists.length > MAX_ATTACHED)
    throw new Error(
      `${arns.length} secrets are more than a role of IAM can be allowed (${MAX_ATTACHED} policies of 6,144 characters): ` +
        'let nodes share a secret (host, port and dbname can stand beside it), or deploy the queues as several services',
    );
  const policies = lists.map((list, index) => [
    `${name}SecretsPolicy${index + 1}`,
    { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: documentOf(list) } },
  ]);
  return {
    inline: false,
    attached: policies.map(([Ref]) => ({ Ref })),
    resources: Object.fromEntries(policies),
  };
};
