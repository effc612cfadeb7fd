/** compare finds exactly the changes that were made to the subscriber's rows, for any table. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { SAMPLE_SIZE } from '../../lib/compare/report.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import { type ComparePair, comparePair } from '../support/compare-pair.ts';
import type { TestDatabase } from '../support/database.ts';
import { holds } from '../support/property.ts';

let shop: ComparePair;

beforeAll(async () => {
  shop = await comparePair({ provider: 10, subscriber: 18 });
});

/** A type, and an expression of `g` whose values differ for every g. */
const keyTypes = [
  { type: 'int4', value: 'g' },
  { type: 'int8', value: '(g::int8 << 33) - 5' },
  { type: 'text', value: `md5(g::text) || 'é'` },
  { type: 'uuid', value: 'md5(g::text)::uuid' },
  { type: 'numeric(20,3)', value: 'g / 8.0' },
  { type: 'timestamptz', value: `'2024-01-01Z'::timestamptz + g * interval '1 second'` },
  { type: 'char(12)', value: `'k' || g` },
  { type: 'float8', value: 'g / 10.0' },
  { type: 'bytea', value: `decode(md5(g::text), 'hex')` },
];
/** Types, an expression of `g`, and a value that the expression never gives. */
const valueTypes = [
  { type: 'text', value: `case when g % 3 > 0 then repeat('x', g % 50) end`, other: `'other'` },
  { type: 'text', value: `nullif(g % 2, 0)::text`, other: `''` },
  { type: 'float8', value: 'case g % 4 when 0 then null when 1 then 1 / g::float8 else g end', other: '-1' },
  { type: 'numeric', value: 'g / 4.0', other: `'NaN'` },
  { type: 'jsonb', value: `jsonb_build_object('g', g)`, other: `'{}'` },
  { type: 'int4[]', value: 'array[g, null]', other: `'{}'` },
  { type: 'float4[]', value: 'array[g / 3.0]', other: `'{NULL}'` },
  { type: 'timestamp', value: `'2024-01-01'::timestamp + g * interval '1 us'`, other: `'infinity'` },
  { type: 'bool', value: 'g % 2 = 0', other: 'null' },
];

const hostileName = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'aZ_ ."\'\\%$é;-') });

const scenario = fc.record({
  name: hostileName,
  keys: fc.array(fc.constantFrom(...keyTypes), { minLength: 1, maxLength: 3 }),
  values: fc.array(fc.tuple(hostileName, fc.constantFrom(...valueTypes)), { minLength: 1, maxLength: 4 }),
  rows: fc.nat(2_000),
  rowsPerRange: fc.constantFrom(300, 1_000_000),
  reversed: fc.boolean(),
  deleted: fc.uniqueArray(fc.nat(2_000), { maxLength: 4 }),
  added: fc.uniqueArray(fc.integer({ min: 3_000, max: 4_000 }), { maxLength: 4 }),
  changed: fc.uniqueArray(fc.nat(2_000), { maxLength: 4 }),
});

let nr = 0;

test('the rows that are found are the rows that were changed', async () => {
  const property = fc.asyncProperty(scenario, async (given) => {
    nr += 1;
    const table = `t${nr} ${given.name}`;
    const columns = [
      ...given.keys.map(({ type, value }, at) => ({ name: `key${at}`, type, value })),
      ...given.values.map(([name, { type, value }], at) => ({ name: `${name}${at}`, type, value })),
    ];
    const target = `public.${quoteIdent(table)}`;
    const key = given.keys.map((_, at) => `key${at}`).join(', ');
    const list = columns.map(({ name }) => quoteIdent(name)).join(', ');
    const insert = (numbers: string) =>
      `insert into ${target} (${list}) select ${columns.map(({ value }) => value).join(', ')} from (${numbers}) as n(g)`;
    const create = (all: typeof columns) =>
      `create table ${target} (${all.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ')}, primary key (${key}));
       ${insert(`select generate_series(0, ${given.rows - 1})`)}; analyze ${target};`;
    await shop.onProvider(create(columns));
    await shop.onSubscriber(create(given.reversed ? columns.toReversed() : columns));
    await shop.follow([`public.${table}`]);

    const there = (numbers: number[]) => numbers.filter((g) => g < given.rows);
    const deleted = there(given.deleted);
    const changed = there(given.changed).filter((g) => !deleted.includes(g));
    const spoilt = given.values[0]?.[1].other ?? 'null';
    const keyOf = (g: number) =>
      `(${key}) = (select ${given.keys.map(({ value, type }) => `(${value})::${type}`).join(', ')} from (select ${g} as g) as n)`;
    const first = quoteIdent(columns[given.keys.length]?.name ?? '');
    await shop.onSubscriber(
      [
        'select 1',
        ...deleted.map((g) => `delete from ${target} where ${keyOf(g)}`),
        ...changed.map((g) => `update ${target} set ${first} = ${spoilt} where ${keyOf(g)}`),
        ...given.added.map((g) => insert(`select ${g}`)),
      ].join('; '),
    );
    const expected = deleted.length + changed.length + given.added.length;
    const result = await shop.compare({
      tables: [`public.${table}`],
      settings: { rowsPerRange: given.rowsPerRange },
    });
    const report = result.tables[0];
    expect(report).toMatchObject({
      providerRows: given.rows,
      subscriberRows: given.rows - deleted.length + given.added.length,
      differences: expected,
      verdict: expected > 0 ? 'different' : 'equal',
    });
    expect(expected).toBeLessThanOrEqual(SAMPLE_SIZE);
    const kinds = { missing: deleted, different: changed, extra: given.added };
    for (const [kind, numbers] of Object.entries(kinds)) {
      const found = (report?.sample ?? []).filter((row) => row.kind === kind);
      const texts = await Promise.all(
        numbers.map((g) => keyTexts(kind === 'extra' ? shop.subscriber : shop.provider, given.keys, g)),
      );
      expect(found.map((row) => Object.values(row.key ?? {}).join('|')).sort()).toEqual(texts.sort());
    }
  });
  await holds(property, 25);
});

/** The key's values of row `g`, as a server writes them in the session that compares. */
async function keyTexts(
  database: TestDatabase,
  keys: { type: string; value: string }[],
  g: number,
): Promise<string> {
  const texts = keys.map(({ type, value }) => `((${value})::${type})::text`).join(', ');
  const row = await database.client((client) =>
    client.transaction({}, () =>
      client.first<{ texts: string[] }>(`select array[${texts}] as texts from (select ${g} as g) as n`),
    ),
  );
  return row?.texts.join('|') ?? '';
}
