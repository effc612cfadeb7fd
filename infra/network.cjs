/** Parses a list parameter of the form that CloudFormation uses. */
const list = (text) =>
  String(text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Lambda treats empty lists as no VPC. */
const vpcOf = async (resolveVariable) => {
  const subnetIds = list(await resolveVariable('param:vpcSubnetIds'));
  const securityGroupIds = list(await resolveVariable('param:vpcSecurityGroupIds'));
  if (subnetIds.length > 0 !== securityGroupIds.length > 0)
    throw new Error('vpcSubnetIds and vpcSecurityGroupIds go together: give both, or neither');
  return { subnetIds, securityGroupIds };
};

module.exports.vpc = ({ resolveVariable }) => vpcOf(resolveVariable);

module.exports.reservedConcurrency = async ({ resolveVariable }) => {
  const reserved = String(await resolveVariable('param:reservedConcurrency'));
  if (reserved === 'none') return { Ref: 'AWS::NoValue' };
  if (!/^\d+$/.test(reserved))
    throw new Error(`reservedConcurrency=${reserved} must be a whole number, or none`);
  return Number(reserved);
};

module.exports.vpcOf = vpcOf;
