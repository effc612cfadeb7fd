/** docs/sql-map.md draws the SQL as its files are. After an intended change: npx vitest run test/sql/sql-map.test.ts -u. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import { filesOfRelease, releases } from '../support/release.ts';
import { drawPage, readCallers, readFunctions, type SqlMap } from '../support/sql-map.ts';

const top = join(import.meta.dirname, '../..');
const page = readFileSync(join(top, 'docs/sql-map.md'), 'utf8');
const sqlReadme = readFileSync(join(top, 'sql/README.md'), 'utf8');
const drawn = /^[│├└ ]*(\w+) +\S/gm;

function typescript(): Map<string, string> {
  const paths = readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    paths
      .filter((path) => path.endsWith('.ts') || path.endsWith('.sql'))
      .map((path) => [`lib/${path}`, readFileSync(join(top, 'lib', path), 'utf8')]),
  );
}

function readMap(): SqlMap {
  const functions = readFunctions(sqlFiles());
  const others = [...sqlFiles()].filter(([path]) => !/^(pgtide\/(functions|tables)|migrations)/.test(path));
  const sources = [...typescript(), ...others.map(([path, text]) => [`sql/${path}`, text] as const)];
  return {
    functions,
    callers: readCallers(new Map(sources.map(([path, text]) => [path, withoutComments(text)])), functions),
  };
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*(--|\/\/).*$/gm, '');
}

const map = readMap();

test('the page draws the calls and temporary tables that the files have', async () => {
  await expect(drawPage(page, map)).toMatchFileSnapshot(join(top, 'docs/sql-map.md'));
});

test('each function has its place on the page', () => {
  const blocks = [...drawPage(page, map).matchAll(/```text\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block)
    .join('');
  const placed = new Set([...blocks.matchAll(drawn)].map(([, name]) => name));
  expect([...map.functions.keys()].filter((name) => !placed.has(name))).toEqual([]);
});

test('each stage is a folder, and each folder a stage', () => {
  const table = /## Stages[\s\S]*?\n\n(\|[\s\S]*?)\n\n/.exec(page)?.[1] ?? '';
  const stages = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, stage]) => stage);
  expect(stages.toSorted()).toEqual(
    [...new Set([...map.functions.values()].map(({ stage }) => stage))].sort(),
  );
});

/**
 * These functions build text of functions or triggers that stays in the database. An upgrade may meet text from an earlier
 * release.
 */
const writers = [
  '_capture_function',
  '_capture_branches',
  '_capture_row_function',
  'capture_check',
  'capture_statement',
  'create_deny',
  'guard_partitions',
];

/** The functions of schema pgtide that the captures of a release call, as the release's own writers built them. */
function calledByCaptures(release: string): string[] {
  const old = readFunctions(filesOfRelease(release));
  const built = [...old.values()]
    .filter(({ name }) => /^_?capture_/.test(name))
    .flatMap(({ builds }) => builds);
  return [...new Set(built)];
}

test.each(releases)('what captures of release %s call is still there', (release) => {
  const called = calledByCaptures(release);
  expect(called).toContain('settle_nesting');
  expect(called.filter((name) => !map.functions.has(name))).toEqual([]);
});

test('a name begins with _ unless it is called from outside of the schema', () => {
  const functions = [...map.functions.values()];
  const documented = sqlReadme.slice(sqlReadme.indexOf('\n## pgtide\n'));
  const called = new Set([
    ...map.callers.flatMap(({ calls }) => calls),
    ...writers.flatMap((name) => map.functions.get(name)?.builds ?? []),
    ...releases.flatMap(calledByCaptures),
    ...[...documented.matchAll(/`(\w+)\(/g)].map(([, name = '']) => name),
  ]);
  const gate = /^_(consume|admin)_/;
  const wrong = functions.filter(({ name }) => !gate.test(name) && name.startsWith('_') === called.has(name));
  expect(wrong.map(({ name }) => name)).toEqual([]);
});
