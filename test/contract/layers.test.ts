/**
 * A folder imports only from lower ones: functions → runtime and units → status, upkeep, membership, replay, copy, compare,
 * install → structure, capture, unit-context → node → pgq → db, and topology. Files of lib itself import none of them.
 * lib/db alone imports `pg` and its COPY streams.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const top = join(import.meta.dirname, '../..');

/**
 * Each folder of lib, from the lowest up, with the other folders from which its files import. Files of lib itself import
 * nothing.
 */
const mayImport: Record<string, string[]> = {
  config: [],
  db: [],
  secrets: ['config', 'db'],
  lease: ['config'],
  pgq: ['db'],
  topology: ['config', 'db', 'pgq'],
  node: ['db', 'pgq', 'topology'],
  'unit-context': ['config', 'topology', 'db'],
  structure: ['db'],
  capture: ['db'],
  membership: ['config', 'topology', 'db', 'pgq', 'node', 'unit-context', 'structure', 'capture'],
  install: ['config', 'topology', 'db', 'pgq', 'node', 'unit-context', 'capture'],
  replay: ['config', 'db', 'pgq', 'node', 'unit-context'],
  copy: ['config', 'db', 'pgq', 'node', 'unit-context'],
  compare: ['topology', 'db', 'pgq', 'node', 'unit-context'],
  status: ['config', 'topology', 'db', 'pgq', 'node', 'unit-context', 'structure', 'capture', 'membership'],
  upkeep: ['config', 'topology', 'db', 'pgq', 'node', 'unit-context', 'capture', 'membership'],
  units: [
    'topology',
    'node',
    'unit-context',
    'membership',
    'install',
    'replay',
    'copy',
    'compare',
    'status',
    'upkeep',
  ],
  runtime: ['config', 'topology', 'db', 'secrets', 'lease', 'unit-context', 'units'],
  consumer: ['config', 'topology', 'db', 'pgq', 'secrets', 'node', 'unit-context', 'units', 'runtime'],
  terminal: [],
  local: [
    'config',
    'topology',
    'db',
    'pgq',
    'secrets',
    'lease',
    'unit-context',
    'units',
    'runtime',
    'terminal',
  ],
  demo: ['topology', 'db', 'secrets', 'lease', 'unit-context', 'units', 'runtime', 'terminal', 'local'],
  cli: [
    'config',
    'topology',
    'db',
    'secrets',
    'pgq',
    'node',
    'install',
    'status',
    'unit-context',
    'units',
    'terminal',
    'local',
    'demo',
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

test('no folder may import from itself, from above, or from where it needs nothing', () => {
  const folders = Object.keys(mayImport);
  const used = new Set(inside.map(({ from, to }) => `${folderOf(from)} → ${folderOf(to)}`));
  for (const [nr, folder] of folders.entries())
    for (const other of mayImport[folder] ?? []) {
      expect(folders.slice(0, nr), `${folder} → ${other}`).toContain(other);
      expect(used).toContain(`${folder} → ${other}`);
    }
});

test('functions import only the runtime and units', () => {
  const wrong = inside.filter(
    ({ from, to }) => from.startsWith('functions/') && !/^lib\/(runtime|units)\//.test(to),
  );
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test('only lib/db knows the driver', () => {
  const wrong = imports.filter(
    ({ from, to }) => /^pg(-copy-streams)?$/.test(to) && !from.startsWith('lib/db/'),
  );
  expect(wrong.map(({ from }) => relative('lib', from))).toEqual([]);
});

test("only lib/topology reads a queue's nodes from the configuration", () => {
  const wrong = sources('lib').filter((file) => {
    const text = readFileSync(join(top, file), 'utf8');
    return /\bconfiguredNodes\b|\bconfig\.queues\[/.test(text) && !/^lib\/(topology|config)\//.test(file);
  });
  expect(wrong).toEqual([]);
});

test('a function is a few lines', () => {
  for (const file of sources('functions'))
    expect(readFileSync(join(top, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(26);
});

test('no base name stands twice in lib', () => {
  const names = sources('lib').map((file) => basename(file));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
