/** Packaging refuses a configuration that names something that functions cannot have, and packages what they can have. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onFileEnd } from '../support/file-scope.ts';
import { readZip } from '../support/zip.ts';
import { startLambdaApi } from './lambda-api.ts';
import { loadHandler, packageProject, projectWith, serverless } from './packaged-project.ts';
import { startSecretsManager } from './secrets-manager.ts';

const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-Ab3xyz';
const queues = { shop: { root: 'old' } };
const configured = (old: object) => JSON.stringify({ nodes: { old }, queues });

/** The message with which `serverless package` refuses this configuration. */
function refusal(old: object): string {
  const folder = projectWith(configured(old));
  try {
    packageProject(folder);
  } catch (error) {
    return String(error);
  }
  throw new Error('it was packaged');
}

test('a url from an environment variable is refused, and so is a password in a url', () => {
  const ofVariable = refusal({ url: 'env:OLD_URL' });
  expect(ofVariable).toContain('pgtide.yml cannot be deployed:');
  expect(ofVariable).toContain('nodes.old.url: functions do not have the environment variable OLD_URL');
  expect(ofVariable).toContain('put the connection into Secrets Manager and name it as secret');
  const ofPassword = refusal({ url: 'postgres://app:hunter2@db.example.com/shop' });
  expect(ofPassword).toContain('nodes.old.url: has a password, which would be in the package');
  expect(ofPassword).not.toContain('hunter2');
});

test('a CA file is in the package of each function, and is found wherever that is unpacked', async () => {
  const secretsManager = await startSecretsManager();
  const connection = { host: '127.0.0.1', port: 9, username: 'app', password: 'hunter2', dbname: 'shop' };
  secretsManager.secrets.set(secret, connection);
  const folder = projectWith(configured({ secret, tls: { caFile: './certs/shop.pem' } }));
  mkdirSync(join(folder, 'certs'));
  writeFileSync(join(folder, 'certs', 'shop.pem'), 'PEM');
  writeFileSync(join(folder, 'certs', 'other.pem'), 'PEM');
  const zips = packageProject(folder);
  for (const name of ['tick', 'install'])
    expect([...readZip(join(zips, `${name}.zip`)).keys()].toSorted()).toEqual([
      'certs/shop.pem',
      `functions/${name}.cjs`,
      'pgtide.yml',
    ]);

  const { handler, folder: unpacked } = loadHandler(zips, 'install');
  const names = { AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' };
  const endpoint = { AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint };
  Object.assign(process.env, names, endpoint, { PGTIDE_CONFIG: join(unpacked, 'pgtide.yml') });
  onFileEnd(async () => {
    for (const name of ['PGTIDE_CONFIG', ...Object.keys({ ...names, ...endpoint })]) delete process.env[name];
  });
  const context = { awsRequestId: 'x', getRemainingTimeInMillis: () => 60_000 };
  await expect(handler({ queue: 'shop' }, context)).rejects.toThrow('ECONNREFUSED');
});

const account = { AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' };

/** A project with CA files of these names; a node uses each. */
function projectWithFiles(files: string[], url: string): string {
  const nodes = files.map((caFile, index) => [`n${index}`, { url: `${url}${index}`, tls: { caFile } }]);
  const folder = projectWith(
    JSON.stringify({ nodes: Object.fromEntries(nodes), queues: { shop: { root: 'n0' } } }),
  );
  mkdirSync(join(folder, 'certs'));
  for (const file of files) writeFileSync(join(folder, file), 'PEM');
  return folder;
}

test('a CA file is packaged whatever its name is, also by `deploy function`', async () => {
  const files = ['certs/global-bundle (1).pem', 'certs/[eu] a*b?.pem', '{a,b}!(c).pem', '!a+b@$^|.pem'];
  const folder = projectWithFiles(files, 'postgres://app@db.example.com/shop');
  const { endpoint, uploads } = await startLambdaApi();
  const { output } = await serverless(folder, ['deploy', 'function', '--function', 'install'], {
    ...account,
    AWS_ENDPOINT_URL: endpoint,
  });
  expect(uploads, output).toHaveLength(1);
  const zip = join(folder, 'uploaded.zip');
  writeFileSync(zip, uploads[0] ?? '');
  expect([...readZip(zip).keys()].toSorted()).toEqual(
    [...files, 'functions/install.cjs', 'pgtide.yml'].toSorted(),
  );
});

test('`invoke local` has the configuration and its CA files, and may use files of this machine', async () => {
  const folder = projectWithFiles(['certs/shop.pem'], 'postgres://app@127.0.0.1:9/shop');
  const data = JSON.stringify({ queue: 'shop' });
  const { output } = await serverless(
    folder,
    ['invoke', 'local', '--function', 'install', '--data', data],
    account,
  );
  expect(output).toContain('n0 (127.0.0.1:9/shop0 as app): ECONNREFUSED');
});

test('an invalid configuration is refused with all its errors, and stops no other command', async () => {
  const folder = projectWith(JSON.stringify({ nodes: { old: { secret: 'shop' } }, queues: { shop: {} } }));
  const refused = await serverless(folder, ['package']);
  expect(refused.status).toBe(1);
  expect(refused.output).toMatch(
    /pgtide.yml cannot be deployed: pgtide.yml is not valid:\n {2}line 1: nodes.old.secret: .*\n {2}line 1: queues.shop.root: .*\nfix: correct pgtide.yml; pgtide.schema.json/,
  );
  expect(refused.output).not.toMatch(/^ +at /m);
  expect(await serverless(folder, ['print', '--path', 'service'])).toMatchObject({ status: 0 });
});
