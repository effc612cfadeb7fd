/** The words that `npm run lint` excludes. */
import { expect, test } from 'vitest';
import { findWords, isRead } from '../words.ts';

test.each([
  ['Nobody reads it', 'Nobody'],
  ['an error that is told', 'told'],
  ['// this database is no\n// node of the queue', 'is no node'],
  ['-- null when it is no node of it', 'is no node'],
  ['it mends the queue', 'mends'],
  ['the queue is mended', 'mended'],
])('%j is found', (text, word) => {
  expect(findWords(text).map((found) => found.word)).toEqual([word]);
});

test.each([
  'the server runs as `nobody`',
  'const NOBODY = 65534;',
  'two keys are told apart',
  'there is no node new',
  'const thereOf = (schema: string) => schema;',
  'recommended, amend, hold, untold',
])('%j passes', (text) => {
  expect(findWords(text)).toEqual([]);
});

test('a finding has its line', () => {
  expect(findWords('one\ntwo\nthree, told')).toMatchObject([
    { line: 3, better: expect.stringContaining('reported') },
  ]);
});

test('what is released or made by other programs is not read', () => {
  expect(isRead('lib/errors.ts')).toBe(true);
  expect(isRead('CONTRIBUTING.md')).toBe(true);
  expect(isRead('package-lock.json')).toBe(false);
  expect(isRead('sql/migrations/pgq/1-2.sql')).toBe(false);
});
