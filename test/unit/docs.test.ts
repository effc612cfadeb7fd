/** The documents are true as far as tests can check: references are generated, and no code, error or right is left out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generatedPages } from '../../docs/generate.ts';
import { configJsonSchema } from '../../lib/config/schema.ts';
import { copySteps } from '../../lib/copy/copy-work.ts';
import { ownStates } from '../../lib/db/sqlstate.ts';
import { policyOf } from '../../lib/errors.ts';
import { replaySteps } from '../../lib/replay/replay-work.ts';
import { severities } from '../../lib/status/found-problem.ts';
import { faultNames } from '../faults/fault-names.ts';
import { guards } from '../faults/guards.ts';
import { pgtide } from '../support/command-line.ts';

const top = join(import.meta.dirname, '..', '..');
const textOf = (file: string) => readFileSync(join(top, file), 'utf8');

/** The rows of a page's tables whose first cell is this code. */
const rowsOf = (page: string, code: string) =>
  textOf(page)
    .split('\n')
    .filter((line) => line.startsWith(`| \`${code}\` |`));

interface SchemaNode {
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | false;
}

/** Every key as the page writes it, with its description in the schema. */
function settings(node: SchemaNode, path: string[] = []): { key: string; node: SchemaNode }[] {
  if (node.additionalProperties) return settings(node.additionalProperties, [...path, 'NAME']);
  if (!node.properties) return [{ key: path.join('.'), node }];
  return Object.entries(node.properties)
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, below]) => settings(below, [...path, key]));
}

test.each(generatedPages())('$name holds what `npm run docs` writes', ({ committed, generated }) => {
  expect(committed).toBe(generated);
});

test.each(settings(configJsonSchema()))('configuration.md describes $key', ({ key, node }) => {
  const [row = ''] = rowsOf('docs/configuration.md', key);
  expect(row).toContain(node.description);
  if (node.default !== undefined) {
    const shown = typeof node.default === 'string' ? node.default : JSON.stringify(node.default);
    expect(row).toContain(`| \`${shown}\` |`);
  }
});

test('commands.md says what exit status 0 of every command means, and refers to each', async () => {
  const { out } = await pgtide(['--help']);
  const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+) /gm)].flatMap(
    ([, name]) => name ?? [],
  );
  expect(commands.length).toBeGreaterThan(7);
  const page = textOf('docs/commands.md');
  for (const command of commands.filter((name) => name !== 'help')) {
    expect(page).toMatch(new RegExp(`^\\| \`pgtide ${command}[ \`]`, 'm'));
    expect(page).toContain(`### \`pgtide ${command}\``);
  }
});

test('operate.md names every problem and note of status', () => {
  for (const [code, severity] of Object.entries(severities)) {
    const rows = rowsOf('docs/operate.md', code);
    expect(rows, code).toHaveLength(1);
    expect(rows[0]).toContain(severity === 'error' ? '| problem |' : '| note |');
  }
});

test('operate.md names every code that a statement or a module gives a problem', () => {
  const made = sources('lib/status', '.ts').flatMap((text) =>
    [...text.matchAll(/\bcode: '([a-z-]+)'/g)].map(([, code]) => code ?? ''),
  );
  expect(made.length).toBeGreaterThan(20);
  for (const code of made) expect(rowsOf('docs/operate.md', code), code).toHaveLength(1);
});

/** The texts of all files below a folder. */
function sources(folder: string, ending: string): string[] {
  return readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => textOf(join(folder, file)));
}

test('operate.md names every SQLSTATE that the sources have, with its kind', () => {
  const states = new Set(
    [...sources('sql', '.sql'), ...sources('lib', '.ts'), ...sources('lib', '.sql')].flatMap(
      (text) => text.match(/\bTD\d{3}\b/g) ?? [],
    ),
  );
  expect(states.size).toBeGreaterThan(10);
  for (const state of states) {
    const rows = rowsOf('docs/operate.md', state);
    expect(rows, state).toHaveLength(1);
    const kind = ownStates[state];
    if (kind) expect(rows[0]).toContain(`| \`${state}\` | \`${kind}\` |`);
  }
});

test('operate.md names every kind of error, and whether it waits for an operator', () => {
  for (const [kind, policy] of Object.entries(policyOf)) {
    const rows = rowsOf('docs/operate.md', kind);
    expect(rows, kind).toHaveLength(1);
    expect(rows[0]).toMatch(policy === 'operator' ? /\| operator \|$/ : /\| next run \|$/);
  }
});

test('operate.md names every outcome of a run', () => {
  const kinds = [...textOf('lib/outcome.ts').matchAll(/kind: '([a-z-]+)'/g)].map(([, kind]) => kind ?? '');
  expect(kinds.length).toBeGreaterThan(5);
  for (const kind of kinds) expect(rowsOf('docs/operate.md', kind), kind).toHaveLength(1);
});

test('README and deploy-on-aws.md name every function', () => {
  const functions = readdirSync(join(top, 'functions')).map((file) => file.replace(/\.ts$/, ''));
  for (const name of functions)
    for (const page of ['README.md', 'docs/deploy-on-aws.md']) expect(textOf(page)).toContain(`\`${name}\``);
});

interface Role {
  Type: string;
  Properties: { Policies?: { PolicyDocument: { Statement: { Action: string | string[] }[] } }[] };
}

test('deploy-on-aws.md names every right that a role has, and which of them each function has on leases', async () => {
  const roles = createRequire(import.meta.url)(join(top, 'infra', 'function-roles.cjs'));
  const parameters: Record<string, string> = {
    'param:secretsKeyArn': 'arn:aws:kms:eu-west-1:123456789012:key/1',
    'param:vpcSubnetIds': 'subnet-1',
    'param:vpcSecurityGroupIds': 'sg-1',
  };
  const { Resources } = await roles({ resolveVariable: async (name: string) => parameters[name] ?? 'x' });
  const page = textOf('docs/deploy-on-aws.md');
  const all = [...sources('infra', '.cjs'), ...sources('infra', '.yml')].flatMap(
    (text) => text.match(/\b(?:dynamodb|ec2|kms|lambda|logs|secretsmanager|sts):[A-Z]\w+/g) ?? [],
  );
  expect(all.length).toBeGreaterThan(10);
  for (const right of all) expect(page).toContain(`\`${right}\``);
  const rightsTable = page.split('\n').filter((line) => /^\| `[a-z-]+`.*\| of /.test(line));
  for (const [name, { Type, Properties }] of Object.entries<Role>(Resources)) {
    if (Type !== 'AWS::IAM::Role') continue;
    const called = name
      .replace(/Role$/, '')
      .replaceAll(/\B[A-Z]/g, (letter) => `-${letter}`)
      .toLowerCase();
    const [row = ''] = rightsTable.filter((line) => line.split('|')[1]?.includes(`\`${called}\``));
    const onLeases = (Properties.Policies ?? [])
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Action }) => Action)
      .filter((action) => action.startsWith('dynamodb:'));
    expect(row.match(/dynamodb:\w+/g) ?? [], called).toEqual(onLeases);
  }
});

test('faults.md names every fault, and how many guards are removed', () => {
  const page = textOf('docs/faults.md');
  for (const fault of faultNames) expect(page).toContain(fault);
  expect(page).toContain(`Removes ${guards.length} guards`);
});

test('how-it-works.md names every gap in which a run may die', () => {
  const page = textOf('docs/how-it-works.md').replaceAll(/\s+/g, ' ');
  for (const step of [...replaySteps, ...copySteps]) expect(page).toContain(`\`${step}\``);
});

const pages = ['README.md', ...readdirSync(join(top, 'docs')).map((file) => join('docs', file))].filter(
  (file) => file.endsWith('.md'),
);

test('functions and files that the pages name are there', () => {
  const sql = sources('sql', '.sql').join('\n');
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\b(?:pgq|pgq_coop|pgq_ext|pgq_node|londiste|pgtide)\.[a-z_]{3,}\b(?!…)/g)]
      .map(([name]) => name)
      // Files, a setting, Skytools' functions that are left out, kinds of errors.
      .filter((name) => !/^pgtide\.(?:yml|schema|truncating|show_values|privilege)$|logtriga$/.test(name)),
  );
  expect(named.length).toBeGreaterThan(30);
  expect([...new Set(named)].filter((name) => !sql.includes(name))).toEqual([]);
  const files = pages.flatMap(
    (page) => textOf(page).match(/(?<![\w/])(?:lib|infra|test|functions)\/[\w./-]+\.\w+/g) ?? [],
  );
  expect(files.length).toBeGreaterThan(10);
  expect([...new Set(files)].filter((file) => !existsSync(join(top, file)))).toEqual([]);
});
