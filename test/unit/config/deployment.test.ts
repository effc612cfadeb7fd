/** The parts of a configuration that a deployment packages, and those that it refuses because functions could not use them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../lib/config/config.ts';
import { deploymentOf } from '../../../lib/config/deployment.ts';
import { onFileEnd } from '../../support/file-scope.ts';

/** A folder that contains a CA file, and one beside it. */
function project(): string {
  const outside = mkdtempSync(join(tmpdir(), 'pgtide-deployable-'));
  onFileEnd(async () => rmSync(outside, { recursive: true }));
  const folder = join(outside, 'project');
  mkdirSync(join(folder, 'certs'), { recursive: true });
  for (const file of ['ca.pem', 'certs/root.pem', 'certs\\root.pem', '../outside.pem'])
    writeFileSync(join(folder, file), 'PEM');
  return folder;
}

const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop';
const deployed = (folder: string, nodes: object) =>
  deploymentOf(parseConfig(JSON.stringify({ nodes, queues: {} })), folder);

test('CA files in the folder of the configuration are packaged, each once, also those of urls', () => {
  const url = (file: string) => `postgres://app@h/shop?sslrootcert=${encodeURIComponent(file)}`;
  expect(
    deployed(project(), {
      a: { secret, tls: { caFile: 'ca.pem' } },
      b: { url: url('./certs/root.pem') },
      c: { url: url('certs/../ca.pem') },
      d: { secret, dbname: 'other', tls: { caFile: 'system' } },
      e: { url: url('system') },
      f: { secret, dbname: 'third' },
    }),
  ).toEqual({ files: ['ca.pem', 'certs/root.pem'], problems: [] });
});

test('CA files that Lambda brings, or a layer, are left where they are', () => {
  for (const caFile of ['/var/runtime/ca-cert.pem', '/opt/certs/ca.pem', '/etc/pki/tls/certs/ca-bundle.crt'])
    expect(deployed(project(), { a: { secret, tls: { caFile } } })).toEqual({ files: [], problems: [] });
});

test('CA files that are missing or cannot be packaged are named with what to do, all at once', () => {
  const folder = project();
  const { files, problems } = deployed(folder, {
    a: { secret, tls: { caFile: join(folder, 'ca.pem') } },
    b: { secret, dbname: 'b', tls: { caFile: '../outside.pem' } },
    c: { url: 'postgres://app@h/shop?sslrootcert=certs/gone.pem' },
    d: { secret, dbname: 'd', tls: { caFile: 'certs' } },
    e: { secret, dbname: 'e', tls: { caFile: 'certs\\root.pem' } },
    f: { url: 'postgres://app@h/shop?sslrootcert=certs%5Croot.pem' },
  });
  expect(files).toEqual([]);
  expect(problems).toEqual([
    `nodes.a.tls.caFile: ${join(folder, 'ca.pem')} is not packaged; put it beside the configuration, and name it from there`,
    'nodes.b.tls.caFile: ../outside.pem is not packaged; put it beside the configuration, and name it from there',
    'nodes.c.url: certs/gone.pem is not a file; correct its sslrootcert',
    'nodes.d.tls.caFile: certs is not a file; correct it',
    'nodes.e.tls.caFile: certs\\root.pem has a backslash, which separates no folders where functions run; write /',
    'nodes.f.url: certs\\root.pem has a backslash, which separates no folders where functions run; write /',
  ]);
});

test('a url that only the machine of the operator understands is refused', () => {
  const { problems } = deployed(project(), {
    a: { url: 'env:SHOP' },
    b: { url: 'postgres://app:hunter2@h/shop' },
    c: { url: 'postgres://h/shop' },
    d: { url: 'postgres://app@h/shop' },
  });
  expect(problems).toEqual([
    'nodes.a.url: functions do not have the environment variable SHOP; put the connection into Secrets Manager and name it as secret',
    'nodes.b.url: has a password, which would be in the package; put the connection into Secrets Manager and name it as secret',
    'nodes.c.url: has no user, and the one that functions run as is not yours; write it into the url',
  ]);
});

test("what only the operator's machine has is refused: databases, sockets, a local DynamoDB", () => {
  const nodes = {
    a: { url: 'postgres://app@localhost/shop' },
    b: { url: 'postgres://app@%2Fvar%2Frun%2Fpostgresql/shop' },
    c: { secret, host: '127.0.0.1' },
    d: { secret, host: '10.0.0.7' },
  };
  const lease = { endpoint: 'http://localhost:8000' };
  const config = parseConfig(JSON.stringify({ nodes, queues: {}, lease }));
  expect(deploymentOf(config, project()).problems).toEqual([
    'nodes.a.url: localhost is on this machine, where functions do not run; name a host that they reach',
    'nodes.b.url: /var/run/postgresql is on this machine, where functions do not run; name a host that they reach',
    'nodes.c.host: 127.0.0.1 is on this machine, where functions do not run; name a host that they reach',
    'lease.endpoint: localhost is on this machine, where functions do not run; name a host that they reach, or remove it',
  ]);
  const elsewhere = parseConfig(
    JSON.stringify({ nodes: {}, queues: {}, lease: { endpoint: 'https://vpce-1.example.com' } }),
  );
  expect(deploymentOf(elsewhere, project()).problems).toEqual([]);
});

test('a CA file is looked for beside the configuration that names it, wherever the command runs', () => {
  const folder = project();
  const nodes = {
    a: { secret, tls: { caFile: 'ca.pem' } },
    b: { secret, dbname: 'b', tls: { caFile: 'system' } },
    c: { url: 'postgres://app@h/shop?sslrootcert=certs/root.pem' },
    d: { url: 'postgres://app@h/d?sslrootcert=system' },
    e: { url: 'postgres://app@h/e?sslrootcert=certs/root.pem', tls: { caFile: 'ca.pem' } },
    f: { url: `postgres://app@h/f?sslrootcert=${folder}/ca.pem`, tls: { mode: 'verify-ca' } },
  };
  writeFileSync(join(folder, 'pgtide.yml'), JSON.stringify({ nodes, queues: {} }));
  const config = loadConfig(join(folder, 'pgtide.yml'));
  expect(Object.values(config.nodes).map(({ tls }) => tls)).toEqual([
    { caFile: join(folder, 'ca.pem') },
    { caFile: 'system' },
    { caFile: join(folder, 'certs', 'root.pem') },
    undefined,
    { caFile: join(folder, 'ca.pem') },
    { mode: 'verify-ca', caFile: join(folder, 'ca.pem') },
  ]);
});
