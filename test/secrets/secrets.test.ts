/** C11: connection data by reference, verified TLS by default, rotated secrets, and no secret in any error. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { NodeConfig } from '../../lib/config/config.ts';
import { resolveTarget, withNode } from '../../lib/secrets/connection-target.ts';
import { rdsAuthorities } from '../../lib/secrets/rds-authorities.ts';
import { createSecretReader, type DatabaseSecret } from '../../lib/secrets/secret-reader.ts';
import { createDatabase, postgres } from '../support/database.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop';
const noSecrets = createSecretReader(() => Promise.reject(new Error('not asked for')));
const target = (config: NodeConfig) => resolveTarget('shop', config, noSecrets);

afterEach(() => {
  delete process.env.PGTIDE_TEST_URL;
});

test('TLS is verified by default, except on this machine', async () => {
  const remote = await target({ url: 'postgres://app@db.example.com/shop' });
  expect(remote.ssl).toEqual({ rejectUnauthorized: true });
  for (const host of ['localhost', '127.0.0.1', '[::1]', '%2Fvar%2Frun%2Fpostgresql'])
    expect((await target({ url: `postgres://app@${host}/shop` })).ssl).toBe(false);
});

test("the node's tls wins over the sslmode of its url, and that over the default", async () => {
  const url = 'postgres://app@db.example.com/shop?sslmode=require';
  expect((await target({ url })).ssl).toEqual({ rejectUnauthorized: false });
  expect((await target({ url, tls: { mode: 'disable' } })).ssl).toBe(false);
  const anyName = (await target({ url, tls: { mode: 'verify-ca' } })).ssl;
  expect(anyName || undefined).toHaveProperty('rejectUnauthorized', true);
  expect(anyName ? anyName.checkServerIdentity?.() : 'no TLS').toBeUndefined();
  await expect(target({ url: 'postgres://app@h/shop?sslmode=prefer' })).rejects.toMatchObject({
    kind: 'input',
    message: 'node shop: sslmode=prefer is not supported',
  });
});

test('a CA file is read, and one that is missing is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-ca-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, 'PEM');
  const url = 'postgres://app@db.example.com/shop';
  expect((await target({ url, tls: { caFile } })).ssl).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
  rmSync(folder, { recursive: true });
  await expect(target({ url, tls: { caFile } })).rejects.toThrow(`cannot read the CA file ${caFile}`);
});

test("a CA file and an sslmode have libpq's meaning, or are refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgtide-ca-'));
  const caFile = join(folder, 'ca.pem');
  const empty = join(folder, 'empty.pem');
  writeFileSync(caFile, 'PEM');
  writeFileSync(empty, ' \n');
  const at = (host: string, query = '') => `postgres://app@${host}/shop${query}`;
  const remote = at('db.example.com');
  const checked = { rejectUnauthorized: true, ca: 'PEM' };

  const inConfig = (await target({ url: remote, tls: { mode: 'require', caFile } })).ssl;
  expect(inConfig).toMatchObject(checked);
  expect(inConfig ? inConfig.checkServerIdentity?.() : 'no TLS', 'whatever its name').toBeUndefined();
  const inUrl = `sslmode=require&sslrootcert=${encodeURIComponent(caFile)}`;
  expect((await target({ url: at('db.example.com', `?${inUrl}`) })).ssl).toMatchObject(checked);
  const mixed = { url: at('db.example.com', '?sslmode=require'), tls: { caFile } };
  expect((await target(mixed)).ssl).toMatchObject(checked);

  expect((await target({ url: at('localhost'), tls: { caFile } })).ssl, 'named to be used').toEqual(checked);
  expect((await target({ url: at('%2Frun'), tls: { mode: 'verify-full' } })).ssl, 'a Unix socket').toBe(
    false,
  );

  expect((await target({ url: at('localhost', '?sslrootcert=system') })).ssl).toEqual({
    rejectUnauthorized: true,
  });
  for (const mode of ['require', 'verify-ca', 'disable'])
    await expect(target({ url: at('h', `?sslmode=${mode}&sslrootcert=system`) })).rejects.toMatchObject({
      kind: 'input',
      message: `node shop: ${mode} cannot be used with sslrootcert=system`,
    });
  await expect(target({ url: remote, tls: { caFile: empty } })).rejects.toThrow(
    `the CA file ${empty} is empty`,
  );
  rmSync(folder, { recursive: true });
});

test('hosts of RDS are verified by the authorities of RDS, in addition to those that Node trusts', async () => {
  const at = (host: string, config: Partial<NodeConfig> = {}) =>
    target({ url: `postgres://app@${host}/shop`, ...config }).then(({ ssl }) => ssl);
  const rds = 'shop.cluster-x.eu-west-1.rds.amazonaws.com';
  const verified = { rejectUnauthorized: true, secureContext: expect.anything() };
  for (const host of [rds, rds.toUpperCase(), 'shop.x.rds.cn-north-1.rds.amazonaws.com.cn'])
    expect(await at(host)).toEqual(verified);
  expect(await at(rds, { tls: { mode: 'verify-ca' } })).toMatchObject(verified);
  for (const host of ['db.example.com', 'rds.amazonaws.com.example.com', 'myrds.amazonaws.com'])
    expect(await at(host), host).toEqual({ rejectUnauthorized: true });
  expect(await at(rds, { tls: { mode: 'require' } })).toEqual({ rejectUnauthorized: false });
  expect(await at(rds, { url: `postgres://app@${rds}/shop?sslrootcert=system` })).toEqual({
    rejectUnauthorized: true,
  });

  const authorities = await rdsAuthorities();
  expect(authorities).toEqual(expect.arrayContaining(getCACertificates('default')));
  const names = authorities
    .map((pem) => new X509Certificate(pem))
    .filter(({ validToDate }) => validToDate > new Date());
  for (const region of ['eu-west-1', 'us-east-1', 'ap-southeast-2'])
    expect(
      names.filter(({ subject }) => subject.includes(`Amazon RDS ${region} Root CA RSA2048 G1`)),
      region,
    ).toHaveLength(1);
});

test('env: takes the url from a variable, and says which one is missing or wrong, without its value', async () => {
  const config = { url: 'env:PGTIDE_TEST_URL' };
  await expect(target(config)).rejects.toThrow(
    'node shop: the environment variable PGTIDE_TEST_URL is not set',
  );
  process.env.PGTIDE_TEST_URL = 'postgres://app:hunter2@h:bad/shop';
  const error: unknown = await target(config).catch((caught: unknown) => caught);
  expect(String(error)).toContain('node shop (PGTIDE_TEST_URL): the URL');
  expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
  process.env.PGTIDE_TEST_URL = 'postgres://10.0.0.1';
  expect(await target(config)).toMatchObject({ user: userInfo().username, database: userInfo().username });
});

test('a secret that is not of the RDS form is refused by key, and its value is not shown', async () => {
  const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const send = SecretsManagerClient.prototype.send;
  const answers = [
    '{"host":"h","password":"hunter2","dbname":"d"}',
    'hunter2 is no JSON',
    '{"host":"h","username":"u","password":"hunter2","dbname":"d","engine":"postgres"}',
  ];
  SecretsManagerClient.prototype.send = (() =>
    Promise.resolve({ SecretString: answers.shift() })) as typeof send;
  try {
    const reader = createSecretReader();
    const first: unknown = await reader.read(arn).catch((error: unknown) => error);
    expect(first).toMatchObject({
      kind: 'input',
      message: `the secret ${arn} is not of the expected form: username`,
    });
    const second: unknown = await reader.read(arn).catch((error: unknown) => error);
    expect(second).toMatchObject({ message: expect.stringContaining('the whole value') });
    expect(second).not.toHaveProperty('cause');
    expect(`${String(first)}${String(second)}`).not.toContain('hunter2');
    // The reader keeps no failures; it keeps the values that it has read.
    expect(await reader.read(arn)).toMatchObject({ port: 5432, dbname: 'd' });
    expect(await reader.read(arn)).toMatchObject({ port: 5432, dbname: 'd' });
  } finally {
    SecretsManagerClient.prototype.send = send;
  }
});

/** Runs `work` with a Secrets Manager that answers every request with this text. */
async function withSecret<T>(text: string, work: () => Promise<T>): Promise<T> {
  const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const send = SecretsManagerClient.prototype.send;
  SecretsManagerClient.prototype.send = (() => Promise.resolve({ SecretString: text })) as typeof send;
  try {
    return await work();
  } finally {
    SecretsManagerClient.prototype.send = send;
  }
}

test('a secret that RDS manages holds a user and a password: host, port and dbname stand beside it', async () => {
  const managed = JSON.stringify({ username: 'app', password: 'hunter2' });
  const beside = { host: 'db.example.com', dbname: 'shop' };
  await withSecret(managed, async () => {
    const secrets = createSecretReader();
    const of = (config: NodeConfig) => resolveTarget('shop', { secret: arn, ...config }, secrets);
    expect(await of(beside)).toMatchObject({
      host: 'db.example.com',
      port: 5432,
      user: 'app',
      database: 'shop',
    });
    expect(await of({ ...beside, port: 6432 })).toMatchObject({ port: 6432, password: 'hunter2' });
    const error: unknown = await of({}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      kind: 'input',
      message: `node shop: neither its secret ${arn} nor the configuration has host and dbname`,
      remedy:
        'write host and dbname beside secret; secrets that RDS manages hold username and password alone',
    });
    await expect(of({ host: 'h' })).rejects.toThrow('nor the configuration has dbname');
    expect(String(error)).not.toContain('hunter2');
  });
});

test('settings beside a secret win over its contents, so that one secret serves several databases', async () => {
  const whole = {
    host: 'writer',
    port: 6000,
    username: 'app',
    password: 'x',
    dbname: 'postgres',
    engine: 'postgres',
  };
  await withSecret(JSON.stringify(whole), async () => {
    const secrets = createSecretReader();
    const of = (config: NodeConfig) => resolveTarget('shop', { secret: arn, ...config }, secrets);
    expect(await of({})).toMatchObject({ host: 'writer', port: 6000, database: 'postgres' });
    expect(await of({ dbname: 'shop' })).toMatchObject({ host: 'writer', port: 6000, database: 'shop' });
    expect(await of({ host: 'localhost', port: 5433 })).toMatchObject({
      host: 'localhost',
      port: 5433,
      ssl: false,
    });
  });
});

test('Secrets Manager that is out of reach is a connection error that names the secret', async () => {
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = 'http://127.0.0.1:9';
  process.env.AWS_ACCESS_KEY_ID ??= 'x';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'x';
  await expect(createSecretReader().read(arn)).rejects.toMatchObject({
    kind: 'connection',
    message: expect.stringContaining(`cannot read the secret ${arn}`),
  });
  delete process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER;
});

test('a rotated password is fetched again once, after the server refused the old one', async () => {
  const db = await createDatabase(await postgres(17));
  const { host, port, user, password = '', database } = db.target;
  const right: DatabaseSecret = { host, port, username: user, password, dbname: database };
  const fetched: DatabaseSecret[] = [{ ...right, password: 'from before the rotation' }, right];
  let reads = 0;
  const secrets = createSecretReader(() => Promise.resolve(fetched[reads++] ?? right));
  const connector = { secrets, applicationName: 'pgtide test' };
  const name = await withNode('shop', { secret: arn }, connector, (client) =>
    client.first<{ name: string }>('select current_database() as name'),
  );
  expect(name).toEqual({ name: database });
  expect(reads).toBe(2);
  await withNode('shop', { secret: arn }, connector, () => Promise.resolve());
  expect(reads).toBe(2);
});

test('the time of a connection begins before its secret is read', async () => {
  const db = await createDatabase(await postgres(17));
  const { host, port, user, password = '', database } = db.target;
  const secrets = createSecretReader(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return { host, port, username: user, password, dbname: database };
  });
  const connector = { secrets, applicationName: 'pgtide test', cutAfterMs: 500 };
  const work = withNode('shop', { secret: arn }, connector, (client) => client.query('select pg_sleep(0.1)'));
  await expect(work).rejects.toMatchObject({ kind: 'connection' });
});

test('a password that stays wrong fails as authentication, after one more look at the secret', async () => {
  const db = await createDatabase(await postgres(17));
  const { host, port, user, database } = db.target;
  let reads = 0;
  const secrets = createSecretReader(() => {
    reads++;
    return Promise.resolve({ host, port, username: user, password: 'geheim', dbname: database });
  });
  const connector = { secrets, applicationName: 'pgtide test' };
  const error: unknown = await withNode('shop', { secret: arn }, connector, () => Promise.resolve()).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ kind: 'authentication' });
  expect(String(error)).not.toContain('geheim');
  expect(reads).toBe(2);
});

test('an authentication failure inside the work is not taken for a refused connection', async () => {
  const db = await createDatabase(await postgres(17));
  const { host, port, user, password = '', database } = db.target;
  let runs = 0;
  const secrets = createSecretReader(() =>
    Promise.resolve({ host, port, username: user, password, dbname: database }),
  );
  await expect(
    withNode('shop', { secret: arn }, { secrets, applicationName: 'pgtide test' }, (client) => {
      runs++;
      return client.query("do $$ begin raise exception 'no' using errcode = '28000'; end $$");
    }),
  ).rejects.toMatchObject({ kind: 'authentication' });
  expect(runs).toBe(1);
});
