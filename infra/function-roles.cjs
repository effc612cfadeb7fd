/**
 * One role a function, with no more than it needs: its own log, the secrets of the nodes it connects to, and the lease
 * table where it takes leases. In a VPC also what Lambda needs for network interfaces, which knows no narrower resource.
 */
const { vpcOf } = require('./network.cjs');
const { secretArns } = require('./secret-arns.cjs');

/** leases: takes them. secrets: of the roots alone, or of all nodes. */
const needs = {
  tick: { leases: false, secrets: 'roots' },
  replay: { leases: true, secrets: 'all' },
  copy: { leases: true, secrets: 'all' },
  maintain: { leases: false, secrets: 'all' },
  install: { leases: false, secrets: 'all' },
  'add-table': { leases: false, secrets: 'all' },
  'remove-table': { leases: false, secrets: 'all' },
  resync: { leases: false, secrets: 'all' },
  status: { leases: false, secrets: 'all' },
  compare: { leases: false, secrets: 'all' },
};

const allow = (Action, Resource) => ({ Effect: 'Allow', Action, Resource });

const ownLog = (functionName) =>
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], {
    'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`,
  });

const leases = allow(['dynamodb:UpdateItem', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'], {
  'Fn::GetAtt': ['LeaseTable', 'Arn'],
});

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

const role = (statements) => ({
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
  },
});

/** add-table → AddTableRole */
const roleName = (name) =>
  `${name.replaceAll(/(^|-)([a-z])/g, (_all, _dash, letter) => letter.toUpperCase())}Role`;

module.exports = async ({ resolveVariable }) => {
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const keyArn = await resolveVariable('param:secretsKeyArn');
  const vpc = await vpcOf(resolveVariable);
  const arns = secretArns();
  const statementsOf = (name) => [
    ownLog(`${prefix}-${name}`),
    needs[name].leases && leases,
    arns[needs[name].secrets].length > 0 && allow('secretsmanager:GetSecretValue', arns[needs[name].secrets]),
    arns[needs[name].secrets].length > 0 && keyArn && allow('kms:Decrypt', keyArn),
    vpc.subnetIds.length > 0 && networkInterfaces,
  ];
  return {
    Resources: Object.fromEntries(
      Object.keys(needs).map((name) => [roleName(name), role(statementsOf(name))]),
    ),
  };
};
