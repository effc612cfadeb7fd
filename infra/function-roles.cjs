/**
 * One role per function, with no more rights than it needs: its own log, the secrets of the nodes that it connects
 * to, and the lease table if it takes leases, wakes units, or stores or reads notes of runs. In a VPC the role also
 * has the rights that Lambda needs for network interfaces, which cannot be limited to a narrower resource.
 */
const { vpcOf } = require('./network.cjs');
const { secretArns } = require('./secret-arns.cjs');
const { secretPolicies } = require('./secret-policies.cjs');

/**
 * leases: takes them, only stores notes of runs, wakes resting units, or reads. secrets: of the roots only, or of all
 * nodes.
 */
const needs = {
  tick: { leases: 'note', secrets: 'roots' },
  replay: { leases: 'take', secrets: 'all' },
  copy: { leases: 'take', secrets: 'all' },
  maintain: { leases: 'note', secrets: 'all' },
  install: { leases: 'wake', secrets: 'all' },
  'add-table': { leases: 'wake', secrets: 'all' },
  'remove-table': { leases: 'wake', secrets: 'all' },
  resync: { leases: 'wake', secrets: 'all' },
  status: { leases: 'read', secrets: 'all' },
  compare: { leases: 'none', secrets: 'all' },
};

const allow = (Action, Resource) => ({ Effect: 'Allow', Action, Resource });

const ownLog = (functionName) =>
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], {
    'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`,
  });

const leaseTable = { 'Fn::GetAtt': ['LeaseTable', 'Arn'] };
const leases = {
  none: false,
  take: allow(['dynamodb:UpdateItem', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'], leaseTable),
  note: allow(['dynamodb:UpdateItem', 'dynamodb:BatchGetItem'], leaseTable),
  wake: allow(['dynamodb:UpdateItem'], leaseTable),
  read: allow(['dynamodb:BatchGetItem'], leaseTable),
};

const networkInterfaces = allow(
  [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
  '*',
);

const role = (statements, attached) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    Policies: [
      {
        PolicyName: 'pgtide',
        PolicyDocument: { Version: '2012-10-17', Statement: statements.filter(Boolean) },
      },
    ],
    ...(attached.length > 0 && { ManagedPolicyArns: attached }),
  },
});

/** add-table → AddTableRole */
const roleName = (name) =>
  `${name.replaceAll(/(^|-)([a-z])/g, (_all, _dash, letter) => letter.toUpperCase())}Role`;

module.exports = async ({ resolveVariable }) => {
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const keyArn = await resolveVariable('param:secretsKeyArn');
  const vpc = await vpcOf(resolveVariable);
  const arns = await secretArns();
  const secrets = {
    roots: secretPolicies('Root', arns.roots),
    all: secretPolicies('All', arns.all),
  };
  const roleOf = (name) => {
    const { inline, attached } = secrets[needs[name].secrets];
    const readsSecrets = inline || attached.length > 0;
    const statements = [
      ownLog(`${prefix}-${name}`),
      leases[needs[name].leases],
      inline,
      readsSecrets && keyArn && allow('kms:Decrypt', keyArn),
      vpc.subnetIds.length > 0 && networkInterfaces,
    ];
    return role(statements, attached);
  };
  return {
    Resources: {
      ...secrets.roots.resources,
      ...secrets.all.resources,
      ...Object.fromEntries(Object.keys(needs).map((name) => [roleName(name), roleOf(name)])),
    },
  };
};
