/** compare finds equal rows equal, whatever their types, and whichever versions hold them. */
import { describe, expect, test } from 'vitest';
import { comparePair } from '../support/compare-pair.ts';

const everyType = `
  create type mood as enum ('calm', 'wild "sea"');
  create domain positive as int4 check (value > 0);
  create domain ratio as float8;
  create type inner_part as (f float8, t text);
  create type part as (n int4, r float4, i inner_part, many float8[]);
  create type float_range as range (subtype = float8);
  create table every_type (
    id int8 primary key, a_bool bool, a_int2 int2, a_int4 int4, a_positive positive, a_numeric numeric, a_price numeric(12,2),
    a_float4 float4, a_float8 float8, a_ratio ratio, a_money money, a_text text, a_varchar varchar(30), a_char char(9),
    one_char "char", a_name name, a_bytea bytea, a_date date, a_time time, a_timetz timetz, a_timestamp timestamp,
    a_timestamptz timestamptz, an_interval interval, a_uuid uuid, an_inet inet, a_cidr cidr, a_mac macaddr, a_bit bit(5),
    a_varbit varbit, a_json json, a_jsonb jsonb, an_xml xml, a_mood mood, a_part part, ints int4[], texts text[],
    floats float8[], moods mood[], parts part[], timestamps timestamptz[], an_int4range int4range, a_tstzrange tstzrange,
    a_float_range float_range, a_point point, a_box box, a_path path, a_circle circle, a_tsvector tsvector,
    a_tsquery tsquery, a_class regclass, positives positive);
  insert into every_type values
    (1, true, -32768, 2147483647, 5, 12345678901234567890.1234500, 1.50, 0.1, 1.1, 0.30000000000000004, '12.34', 'ünï "q" \\ ''', 'v', 'ab',
     'x', 'n', '\\x00ff5c', '2024-02-29', '12:34:56.789', '12:34:56+02', '2024-02-29 12:00:00.000001', '2024-02-29 12:00:00+05:30',
     '1 year 2 days 03:04:05.6', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '10101',
     '101', '{"b": 1,  "a": [1.00]}', '{"b": 1, "a": [1.00, null]}', '<a>b</a>', 'wild "sea"',
     row(1, 1.17549435e-38, row(2.2250738585072014e-308, 'x')::inner_part, '{0.1,NULL,NaN}')::part, '{1,NULL,3}',
     '{"a,b","",NULL,"NULL"}', '[0:1]={0.1,1e-300}', '{calm,NULL}', array[row(1, 0.1, null, null)::part, null],
     '{2024-01-01 00:00:00+00,infinity}', '[1,5)', '[2024-01-01,infinity)', '[0.1,1e100)', '(0.1,1e-7)', '(1,1),(0.1,0)',
     '[(0.1,0),(3.3,0)]', '<(0.1,0.2),0.3>', 'the fat cat', 'fat & (cat | !rat)', 'pg_catalog.pg_class', null),
    (2, null, null, null, null, 'NaN', null, '-0', '-0', 'NaN', null, '', '', '', null, null, '', 'infinity', '24:00', null,
     'infinity', '-infinity', null, null, null, null, null, null, '', 'null', 'null', null, null, null, '{}', '{}', '{}', null,
     '{}', null, 'empty', null, 'empty', null, null, null, null, '', null, null, 3);
  insert into every_type (id, a_float4, a_float8, a_date, a_timestamp) values
    (3, 3.4028235e38, 1.7976931348623157e308, '0044-03-15 BC', '0044-03-15 12:00:00 BC'), (4, 'Infinity', '-Infinity', '4714-11-24 BC', null);
  insert into every_type (id, a_float4, a_float8, floats)
    select g, (random() * g)::float4, g / 3.0, array[g / 7.0, sqrt(g)] from generate_series(5, 300) g;
  update every_type set a_float4 = (1.0 / id)::float4 where id > 4`;

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 18, subscriber: 14 },
  { provider: 13, subscriber: 10 },
])('PostgreSQL $provider to $subscriber', (versions) => {
  test('a table of every type is equal, and each column that is changed is noticed', async () => {
    const shop = await comparePair(versions);
    await shop.both(`set client_min_messages = error; ${everyType}`);
    await shop.follow(['public.every_type']);
    const equal = await shop.compare();
    expect(equal).toMatchObject({
      equal: true,
      differences: 0,
      tables: [{ name: 'public.every_type', providerRows: 300, subscriberRows: 300, verdict: 'equal' }],
    });
    const columns = await shop.subscriber.client((client) =>
      client.query<{ name: string }>(
        `select attname as name from pg_attribute where attrelid = 'every_type'::regclass and attnum > 1 order by 1`,
      ),
    );
    for (const { name } of columns) {
      await shop.onSubscriber(
        `update every_type t set "${name}" = case when t."${name}" is null then o."${name}" end from every_type o
          where t.id = 1 and o.id = 2`,
      );
      const changed = await shop.compare();
      expect({ name, sample: changed.tables[0]?.sample }).toEqual({
        name,
        sample: [{ kind: 'different', key: { id: '1' } }],
      });
      await shop.onSubscriber(`delete from every_type where id = 1; ${firstRow}`);
    }
    expect((await shop.compare()).equal).toBe(true);
  });
});

/** Restores the first row as it was created. */
const firstRow = everyType.slice(
  everyType.indexOf('insert into every_type values'),
  everyType.indexOf(',\n    (2,'),
);

test('NaN is equal to NaN, whatever its bits', async () => {
  const shop = await comparePair({ provider: 17, subscriber: 17 });
  await shop.both('create table nan (id int4 primary key, f float8, g float4)');
  await shop.onProvider(
    `insert into nan values (1, 'Infinity'::float8 - 'Infinity'::float8, 'Infinity'::float4 - 'Infinity'::float4)`,
  );
  await shop.onSubscriber(`insert into nan values (1, 'NaN', 'NaN')`);
  await shop.follow(['public.nan']);
  expect((await shop.compare()).equal).toBe(true);
});

test('columns whose types differ are equal when the subscriber holds what the provider wrote', async () => {
  const shop = await comparePair({ provider: 13, subscriber: 17 });
  await shop.onProvider(`
    create table wider (id int4 primary key, a int2, b numeric, c varchar(10), d json, e timestamp, f date, g char(5), h char(5),
      i float4, j numeric(8,3), k text, l text, gone int4);
    insert into wider values (1, 7, 1.500, 'x', '{"a":  1}', '2024-01-01 10:00', '2024-02-03', 'ab', 'ab', 0.1, 2.5, 'ab', 'calm', 1),
      (2, null, 100, null, null, null, null, null, null, null, 100, null, null, 1)`);
  await shop.onSubscriber(`
    create type mood as enum ('calm');
    create table wider (l mood, k char(9), j numeric(10,1), i float8, h char(8), g text, f timestamp, e timestamptz, d jsonb, c text,
      b numeric(12,4), a int8, id int8 primary key, more text);
    insert into wider (id, a, b, c, d, e, f, g, h, i, j, k, l) values
      (1, 7, 1.5, 'x', '{"a": 1}', '2024-01-01 10:00Z', '2024-02-03', 'ab   ', 'ab', 0.1, 2.5, 'ab', 'calm'),
      (2, null, 100, null, null, null, null, null, null, null, 100, null, null)`);
  await shop.follow(['public.wider']);
  const result = await shop.compare();
  expect(result.tables).toMatchObject([
    { verdict: 'equal', onlyProvider: ['gone'], onlySubscriber: ['more'], subscriberRows: 2 },
  ]);
});
