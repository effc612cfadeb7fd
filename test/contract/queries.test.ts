/**
 * Long queries are files beside the module that sends them: one statement each, with a comment that names its result and
 * its parameters.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const lib = join(import.meta.dirname, '../../lib');
const files = readdirSync(lib, { recursive: true, encoding: 'utf8' });
const queries = files.filter((file) => file.endsWith('.sql') && !file.startsWith('demo'));
const sent = files
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    [...readFileSync(join(lib, file), 'utf8').matchAll(/sqlText\('([^']+)'\)/g)].map(([, path = '']) => ({
      path,
      from: dirname(file),
    })),
  );

test('every query file is sent by one module, in the same folder', () => {
  expect(sent.map(({ path }) => path).sort()).toEqual(queries.sort());
  expect(sent.filter(({ path, from }) => dirname(path) !== from)).toEqual([]);
});

test.each(queries)('%s is one statement below a comment', (file) => {
  const text = readFileSync(join(lib, file), 'utf8');
  expect(text).toMatch(/^(-- .+\n)+[^;]+;\n$/);
  const parameters = [...new Set(text.replace(/^(-- .*\n)+/, '').match(/\$\d/g))];
  const head = /^(-- .*\n)+/.exec(text)?.[0] ?? '';
  for (const parameter of parameters) expect(head).toContain(`${parameter}: `);
});
