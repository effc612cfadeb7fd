/** Names of tables as users write them: schema.table, table in public, and wildcards. A name that matches no table is reported. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchTables, type Relation } from '../../lib/membership/relations.ts';
import { isOfPattern, matchNames } from '../../lib/name-pattern.ts';
import { holds } from '../support/property.ts';

const relation = (name: string, more: Partial<Relation> = {}): Relation => ({
  oid: 1,
  name,
  kind: 'table',
  partitionOf: null,
  ofExtension: false,
  ...more,
});

const shop = [
  relation('public.orders'),
  relation('public.order_lines'),
  relation('public.Weird "name"'),
  relation('public.a.b'),
  relation('sales.orders'),
  relation('sales.days', { kind: 'partitioned table' }),
  relation('sales.days_1', { partitionOf: 'sales.days' }),
  relation('public.spatial', { ofExtension: true }),
  relation('public.report', { kind: 'view' }),
];
const names = (tables: string[], all = false) =>
  matchTables('old', shop, { tables, all }).map(({ name }) => name);

test('a name without a schema is in public', () => {
  expect(names(['orders'])).toEqual(['public.orders']);
  expect(names(['sales.orders', 'orders'])).toEqual(['sales.orders', 'public.orders']);
});

test('a name is taken as it is, with blanks, quotes, capitals and dots', () => {
  expect(names(['Weird "name"'])).toEqual(['public.Weird "name"']);
  expect(names(['a.b'])).toEqual(['public.a.b']);
  expect(() => names(['weird "name"'])).toThrow('no table public.weird "name"');
});

test('a name that two tables have is refused, as it is among others', () => {
  const twice = [relation('a.b.c', { oid: 1 }), relation('a.b.c', { oid: 2 }), relation('a.d', { oid: 3 })];
  for (const wanted of [{ tables: ['a.b.c'] }, { tables: ['a.*'] }, { tables: [], all: true }])
    expect(() => matchTables('old', twice, wanted)).toThrow('old: two tables are called a.b.c');
  expect(matchTables('old', twice, { tables: ['a.d'] })).toHaveLength(1);
});

test('* and ? are wild, and a table that two names mean is added once', () => {
  expect(names(['order*'])).toEqual(['public.orders', 'public.order_lines']);
  expect(names(['*.orders', 'orders'])).toEqual(['public.orders', 'sales.orders']);
  expect(names(['order?'])).toEqual(['public.orders']);
});

test('all means every table that no extension made, and partitions come with their parent', () => {
  expect(names([], true)).toEqual([
    'public.orders',
    'public.order_lines',
    'public.Weird "name"',
    'public.a.b',
    'sales.orders',
    'sales.days',
  ]);
});

test('a table of an extension can be named', () => {
  expect(names(['spatial'])).toEqual(['public.spatial']);
});

test('a relation that is not a table is refused with its kind', () => {
  expect(() => names(['report'])).toThrow('old: public.report is a view; only tables are replicated');
  expect(() => names(['sales.days_1'])).toThrow('old: sales.days_1 is a partition of sales.days');
  expect(() => names([])).toThrow('no table was named');
});

test('a name in the wrong schema is answered with the right one', () => {
  expect.assertions(1);
  try {
    names(['days']);
  } catch (error) {
    expect(error).toMatchObject({
      kind: 'not-found',
      message: 'old: no table public.days',
      remedy: 'did you mean sales.days?',
    });
  }
});

test('tables of the queue are found by the same rules', () => {
  const known = ['public.orders', 'sales.days'];
  expect(matchNames(known, { tables: ['orders'] })).toEqual(['public.orders']);
  expect(matchNames(known, { tables: [], all: true })).toEqual(known);
  expect(() => matchNames(known, { tables: ['nix'] })).toThrow('there is no table public.nix in the queue');
});

test('an existing name means itself alone, also with * or ? in it', () => {
  const known = ['public.what?', 'public.whats', 'public.a*b', 'public.aab'];
  expect(matchNames(known, { tables: ['what?', 'a*b'] })).toEqual(['public.what?', 'public.a*b']);
});

test('tables and all of them at once are refused', () => {
  expect(() => names(['orders'], true)).toThrow('all were asked for');
  expect(() => matchNames(['public.orders'], { tables: ['orders'], all: true })).toThrow(
    'all were asked for',
  );
});

/** The meaning of a pattern, defined in the shortest way. */
function means(name: string[], pattern: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === '*') return means(name, rest) || (name.length > 0 && means(name.slice(1), pattern));
  return name.length > 0 && (first === '?' || first === name[0]) && means(name.slice(1), rest);
}

test('a name matches a pattern exactly if it can be divided so', () =>
  holds(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', '.', '*', '💧', '\n'), { maxLength: 9 }),
      fc.array(fc.constantFrom('a', 'b', '.', '*', '*', '?', '💧', '\n'), { maxLength: 8 }),
      (name, pattern) => {
        expect(isOfPattern(name.join(''), pattern.join(''))).toBe(means(name, pattern));
      },
    ),
    2_000,
  ));

test('a pattern of many stars is matched in bounded time', () => {
  const name = `public.${'a'.repeat(63)}`;
  expect(isOfPattern(name, `${'*a'.repeat(30)}*b`)).toBe(false);
  expect(matchNames([name], { tables: ['*a'.repeat(30)] })).toEqual([name]);
  expect(() => matchNames([name], { tables: [`${'*a'.repeat(30)}*b`] })).toThrow('there is no table');
});
