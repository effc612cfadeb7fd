/**
 * Nothing points up or sideways: functions → runtime and units → replay, copy, compare, install, tables, status → node →
 * pgq → db; the leaves import no layer. `pg` and its COPY streams are imported by lib/db alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const top = join(import.meta.dirname, '../..');

/** Each folder of lib, and the folders that its files may import from besides their own. Files of lib itself are leaves. */
const mayImport: Record<string, string[]> = {
  db: [],
  pgq: ['db'],
  node: ['db', 'pgq'],
  install: ['db', 'node'],
  tables: ['db', 'node', 'pgq'],
  replay: ['db', 'pgq', 'node'],
  copy: ['db', 'pgq', 'node'],
  compare: ['db', 'pgq', 'node', 'tables'],
  status: ['db', 'pgq', 'node', 'tables', 'install', 'config'],
  config: [],
  secrets: ['config', 'db'],
  lease: ['config'],
  units: ['config', 'db', 'pgq', 'node', 'install', 'tables', 'replay', 'copy', 'compare', 'status'],
  runtime: ['config', 'db', 'secrets', 'lease', 'units'],
  consumer: ['config', 'db', 'pgq', 'secrets', 'units', 'runtime'],
  demo: ['config', 'db', 'secrets', 'lease', 'units', 'runtime', 'cli'],
  cli: [
    'config',
    'db',
    'secrets',
    'lease',
    'units',
    'runtime',
    'demo',
    'node',
    'pgq',
    'install',
    'compare',
    'status',
  ],
};

interface Import {
  from: string;
  to: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(top, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|import\('([^']+)'\)/gm)].map(
    (match) => ({
      from: file,
      to: match[1] ?? match[2] ?? '',
    }),
  );
}

const imports = [...sources('lib'), ...sources('functions')].flatMap(importsOf);
const inside = imports
  .filter(({ to }) => to.startsWith('.') && to.endsWith('.ts'))
  .map(({ from, to }) => ({ from, to: normalize(join(dirname(from), to)) }));

/** `lib/<folder>/…` → folder; a file of lib itself → ''. */
function folderOf(file: string): string {
  const [, folder = '', rest] = file.split('/');
  return rest === undefined ? '' : folder;
}

test('every folder of lib has its place', () => {
  const folders = new Set(sources('lib').map(folderOf).filter(Boolean));
  expect([...folders].filter((folder) => !(folder in mayImport))).toEqual([]);
});

test('folders import only from below', () => {
  const wrong = inside.filter(({ from, to }) => {
    if (!from.startsWith('lib/')) return false;
    const [own, other] = [folderOf(from), folderOf(to)];
    if (other === '' || own === other) return false;
    return own === '' ? from !== 'lib/api.ts' : !mayImport[own]?.includes(other);
  });
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test('functions import the runtime and units', () => {
  const wrong = inside.filter(
    ({ from, to }) => from.startsWith('functions/') && !/^lib\/(runtime|units)\//.test(to),
  );
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test('only lib/db knows the driver', () => {
  const wrong = imports.filter(
    ({ from, to }) => /^pg(-copy-streams)?$/.test(to) && !from.startsWith('lib/db/'),
  );
  // The demo's servers are asked whether they are up before there is anything to connect to as a node.
  expect(wrong.map(({ from }) => relative('lib', from))).toEqual(['demo/postgres-server.ts']);
});

test('a function is a few lines', () => {
  for (const file of sources('functions'))
    expect(readFileSync(join(top, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(26);
});
