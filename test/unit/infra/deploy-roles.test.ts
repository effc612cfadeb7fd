/** Roles of a deployment: each may read its secrets and no others, within IAM's limits, for any number of pairs. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectWith } from '../../acceptance/packaged-project.ts';

/** IAM's quotas, in characters without white space. */
const MAX_INLINE = 10_240;
const MAX_MANAGED = 6_144;
const MAX_ATTACHED = 10;

interface Statement {
  Action: string | string[];
  Resource: string | string[] | object;
}
interface Document {
  Statement: Statement[];
}
interface Resource {
  Type: string;
  Properties: {
    Policies?: { PolicyDocument: Document }[];
    ManagedPolicyArns?: { Ref: string }[];
    PolicyDocument?: Document;
  };
}
type Resources = Record<string, Resource>;

const parameters: Record<string, string> = {
  'self:service': 'pgtide',
  'sls:stage': 'prod',
  'param:secretsKeyArn': `arn:aws:kms:eu-west-1:123456789012:key/${'0'.repeat(36)}`,
  'param:vpcSubnetIds': 'subnet-1,subnet-2',
  'param:vpcSecurityGroupIds': 'sg-1',
};

interface Configuration {
  nodes: Record<string, { secret: string; dbname?: string }>;
  queues: Record<string, { root: string; leaves: string[] }>;
}

/** The roles, and the policies attached to them, that a deployment with this configuration creates. */
async function rolesOf(configuration: Configuration): Promise<Resources> {
  const folder = projectWith(JSON.stringify(configuration));
  const roles = createRequire(import.meta.url)(join(folder, 'infra', 'function-roles.cjs'));
  const { Resources } = await roles({ resolveVariable: async (name: string) => parameters[name] ?? '' });
  return Resources;
}

/** An ARN of 100 characters, including the six that Secrets Manager appends. */
const arnOf = (name: string) =>
  `${`arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-`.padEnd(93, 'x')}-Ab3${name.slice(-3).padStart(3, '0')}`;

/** `count` queues, each from a separate database to another one. */
function pairs(count: number): Configuration {
  const numbers = Array.from({ length: count }, (_, number) => String(number).padStart(3, '0'));
  const nodes = (kind: string) => numbers.map((n) => [`${kind}${n}`, { secret: arnOf(`${kind}${n}`) }]);
  return {
    nodes: Object.fromEntries([...nodes('r'), ...nodes('l')]),
    queues: Object.fromEntries(numbers.map((n) => [`q${n}`, { root: `r${n}`, leaves: [`l${n}`] }])),
  };
}

/** The length as IAM counts it: without white space, and with the longest results of CloudFormation's functions. */
const lengthOf = (document: Document) =>
  JSON.stringify(document)
    .replaceAll(/\{"Fn::GetAtt":\[[^\]]*\]\}/g, `"${'x'.repeat(90)}"`)
    .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1').length;

function documentsOf(resources: Resources, role: string) {
  const { Policies = [], ManagedPolicyArns = [] } = resources[role]?.Properties ?? {};
  const inline = Policies.map(({ PolicyDocument }) => PolicyDocument);
  const managed = ManagedPolicyArns.map(({ Ref }) => {
    const document = resources[Ref]?.Properties.PolicyDocument;
    if (!document) throw new Error(`${role} has the policy ${Ref}, which is not there`);
    return document;
  });
  return { inline, managed };
}

/** The resources whose secret values a role may read. */
function readableBy(resources: Resources, role: string): string[] {
  const { inline, managed } = documentsOf(resources, role);
  return [...inline, ...managed]
    .flatMap(({ Statement }) => Statement)
    .filter(({ Action }) => [Action].flat().includes('secretsmanager:GetSecretValue'))
    .flatMap(({ Resource }) => Resource as string[]);
}

const roleNames = (resources: Resources) =>
  Object.keys(resources).filter((name) => resources[name]?.Type === 'AWS::IAM::Role');

test.each([1, 22, 34, 100, 250])(
  'a role of %i pairs reads their secrets, each named once, within the limits of IAM',
  async (count) => {
    const configuration = pairs(count);
    const resources = await rolesOf(configuration);
    const arns = Object.values(configuration.nodes).map(({ secret }) => secret);
    for (const role of roleNames(resources)) {
      const { inline, managed } = documentsOf(resources, role);
      expect(
        inline.reduce((sum, document) => sum + lengthOf(document), 0),
        role,
      ).toBeLessThanOrEqual(MAX_INLINE);
      for (const document of managed) expect(lengthOf(document), role).toBeLessThanOrEqual(MAX_MANAGED);
      expect(managed.length, role).toBeLessThanOrEqual(MAX_ATTACHED);
      const wanted = role === 'TickRole' ? arns.slice(0, count) : arns;
      expect(readableBy(resources, role).toSorted(), role).toEqual(wanted.toSorted());
    }
  },
);

test('a secret that is named without its last six characters is allowed with any six, and no longer name is', async () => {
  const partial = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop';
  const nodes = {
    old: { secret: partial },
    copy: { secret: partial, dbname: 'copy' },
    new: { secret: arnOf('new') },
  };
  const resources = await rolesOf({ nodes, queues: { shop: { root: 'old', leaves: ['copy', 'new'] } } });
  expect(readableBy(resources, 'ReplayRole')).toEqual([`${partial}-??????`, arnOf('new')]);
});

test('more secrets than a role can be allowed are refused, with their number and what to do', async () => {
  await expect(rolesOf(pairs(400))).rejects.toThrow(
    /^800 secrets are more than a role of IAM can be allowed \(10 policies of 6,144 characters\): let nodes share a secret/,
  );
});

test('a configuration that is not valid gives no right to read secrets; packaging refuses it', async () => {
  const broken = { nodes: { old: { secret: 'shop' } }, queues: { shop: { root: 'older', leaves: [] } } };
  const resources = await rolesOf(broken);
  for (const role of roleNames(resources)) expect(readableBy(resources, role)).toEqual([]);
});
