/** Parameters of a deployment, and the versions of the tools that deploy it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import manifest from '../../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..', '..', '..');
const require = createRequire(import.meta.url);

function serverlessYml() {
  const text = readFileSync(join(root, 'serverless.yml'), 'utf8');
  return parseDocument(text, { logLevel: 'silent', merge: true }).toJS();
}

const reservedConcurrency = (value: unknown) =>
  require(join(root, 'infra', 'network.cjs')).reservedConcurrency({ resolveVariable: async () => value });

test('no concurrency is reserved unless a deployment asks for it', async () => {
  const byDefault = serverlessYml().params.default.reservedConcurrency;
  expect(await reservedConcurrency(byDefault)).toEqual({ Ref: 'AWS::NoValue' });
  expect(await reservedConcurrency('2')).toBe(2);
  expect(await reservedConcurrency('0'), 'stops the schedules').toBe(0);
  for (const wrong of ['one', '-1', '1.5', ''])
    await expect(reservedConcurrency(wrong)).rejects.toThrow(
      `reservedConcurrency=${wrong} must be a whole number, or none`,
    );
});

test('what deploys is a version that knows the runtime, and versions that do not are refused by name', () => {
  const { frameworkVersion, provider } = serverlessYml();
  const { version } = require('serverless/package.json');
  const { satisfies } = createRequire(require.resolve('serverless/package.json'))('semver');
  expect(manifest.devDependencies.serverless).toMatch(/^npm:osls@/);
  expect(satisfies(version, frameworkVersion)).toBe(true);
  // Serverless Framework 3 supports runtimes up to nodejs20.x.
  for (const ofFramework3 of ['3.38.0', '3.40.0'])
    expect(satisfies(ofFramework3, frameworkVersion)).toBe(false);
  const known = readFileSync(require.resolve('serverless/lib/plugins/aws/provider.js'), 'utf8');
  expect(known).toContain(`'${provider.runtime}'`);
});
