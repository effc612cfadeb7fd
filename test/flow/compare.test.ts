/** compare finds exactly the rows that differ permanently, in tables of every kind, and reports what it could not compare. */
import { beforeAll, expect, test } from 'vitest';
import type { ProgressEvent } from '../../lib/unit-context/context.ts';
import { type ComparePair, comparePair } from '../support/compare-pair.ts';

let shop: ComparePair;

beforeAll(async () => {
  shop = await comparePair({ provider: 13, subscriber: 17 });
});

test('each kind of difference is found, and nothing else', async () => {
  await shop.table(
    'kinds',
    'id int4 primary key, t text',
    `select g, 'row ' || g from generate_series(1, 5000) g`,
  );
  await shop.onSubscriber(`
    delete from kinds where id = 17;
    insert into kinds values (6000, 'extra');
    update kinds set t = '' where id = 18;
    update kinds set t = 'other' where id = 19`);
  await shop.onProvider('update kinds set t = null where id = 18');
  const result = await shop.compare({ tables: ['kinds'] });
  expect(result).toMatchObject({ equal: false, differences: 4, notSynced: [], outcome: 'done' });
  expect(result.tables[0]).toMatchObject({
    providerRows: 5000,
    subscriberRows: 5000,
    verdict: 'different',
    inFlight: 0,
  });
  expect(result.tables[0]?.sample).toEqual([
    { kind: 'missing', key: { id: '17' } },
    { kind: 'different', key: { id: '18' } },
    { kind: 'different', key: { id: '19' } },
    { kind: 'extra', key: { id: '6000' } },
  ]);
});

test('values that were swapped between two rows are found', async () => {
  await shop.table('swapped', 'id int4 primary key, a int4, b int4', 'values (1, 10, 100), (2, 20, 200)');
  await shop.onSubscriber('update swapped set b = 300 - b');
  expect(await shop.compare({ tables: ['public.swapped'] })).toMatchObject({ differences: 2 });
});

test('names that need quoting', async () => {
  const create = `
    create schema "my ""odd"" schema.x";
    create table "my ""odd"" schema.x"."Table.with 'quotes' \\ and %s" ("Id; drop" int4, "select" text, "ünï.""x""" int4,
      primary key ("select", "Id; drop"));
    insert into "my ""odd"" schema.x"."Table.with 'quotes' \\ and %s" values (1, 'a''b', 1), (2, 'c"d\\', 2)`;
  await shop.both(create);
  const name = `my "odd" schema.x.Table.with 'quotes' \\ and %s`;
  await shop.follow([name]);
  await shop.onSubscriber(
    `update "my ""odd"" schema.x"."Table.with 'quotes' \\ and %s" set "ünï.""x""" = 3 where "Id; drop" = 2`,
  );
  const result = await shop.compare({ tables: [name] });
  expect(result.tables[0]).toMatchObject({
    name,
    differences: 1,
    sample: [{ kind: 'different', key: { select: 'c"d\\', 'Id; drop': '2' } }],
  });
});

test('a table without a key is compared as a multiset: copies of one row are counted', async () => {
  await shop.table(
    'bag',
    'a int4, b text',
    `values (1, 'x'), (1, 'x'), (1, 'x'), (2, null), (3, 'y'), (null, null)`,
  );
  expect(await shop.compare({ tables: ['bag'] })).toMatchObject({ equal: true });
  await shop.onSubscriber(`delete from bag where ctid = (select min(ctid) from bag where a = 1)`);
  await shop.onSubscriber(`insert into bag values (2, null), (2, null)`);
  await shop.onSubscriber(`update bag set b = 'z' where a = 3`);
  const { tables } = await shop.compare({ tables: ['bag'] });
  expect(tables[0]).toMatchObject({ differences: 5, verdict: 'different' });
  const found = tables[0]?.sample?.map(({ kind, rows }) => `${kind} ${rows}`).sort();
  expect(found).toEqual(['extra 1', 'extra 2', 'missing 1', 'missing 1']);
});

test('a subscriber table that lost its key and holds a row twice', async () => {
  await shop.table('twice', 'id int4 primary key, t text', `values (1, 'x'), (2, 'y')`);
  await shop.onSubscriber(`alter table twice drop constraint twice_pkey; insert into twice values (2, 'y')`);
  expect((await shop.compare({ tables: ['twice'] })).tables[0]).toMatchObject({
    differences: 1,
    sample: [{ kind: 'extra', key: { id: '2' } }],
  });
});

test('a subscriber table whose key columns may be null, with such a row', async () => {
  await shop.onProvider(
    `create table holes (id int4 primary key, t text); insert into holes values (1, 'x')`,
  );
  await shop.onSubscriber(`create table holes (id int4, t text); insert into holes values (1, 'x')`);
  await shop.follow(['public.holes']);
  expect(await shop.compare({ tables: ['holes'] })).toMatchObject({ equal: true });
  await shop.onSubscriber(`insert into holes values (null, 'y')`);
  expect((await shop.compare({ tables: ['holes'] })).tables[0]).toMatchObject({
    differences: 1,
    sample: [{ kind: 'extra', key: null, rows: 1 }],
  });
});

test('text keys mean the same rows on servers that sort differently', async () => {
  await shop.onProvider(`create table words (word text collate "C" primary key, n int4)`);
  await shop.onSubscriber(`create table words (n int4, word text collate "und-x-icu" primary key)`);
  await shop.both(
    `insert into words (word, n) select chr(65 + g % 26) || chr(97 + g * 7 % 26) || 'é' || g, g from generate_series(1, 3000) g`,
  );
  await shop.follow(['public.words']);
  expect(await shop.compare({ tables: ['words'], settings: { rowsPerRange: 500 } })).toMatchObject({
    equal: true,
  });
  await shop.onSubscriber(`update words set word = lower(word) where n = 30`);
  const { tables } = await shop.compare({ tables: ['words'] });
  expect(tables[0]).toMatchObject({ differences: 2 });
  expect(tables[0]?.sample?.map(({ kind }) => kind).sort()).toEqual(['extra', 'missing']);
});

test('a partitioned table is compared as one, also with a plain table', async () => {
  await shop.onProvider(`
    create table parts (id int4 not null, day date not null, t text, primary key (id, day)) partition by range (day);
    create table parts_1 partition of parts for values from ('2024-01-01') to ('2024-07-01');
    create table parts_2 (t text, day date not null, id int4 not null);
    alter table parts attach partition parts_2 for values from ('2024-07-01') to ('2025-01-01')`);
  await shop.onSubscriber('create table parts (id int4, day date, t text, primary key (id, day))');
  await shop.both(
    `insert into parts select g, '2024-01-01'::date + g, 't' || g from generate_series(1, 300) g`,
  );
  await shop.follow(['public.parts']);
  expect(await shop.compare({ tables: ['parts'] })).toMatchObject({ equal: true });
  await shop.onProvider('delete from parts where id = 7');
  await shop.onSubscriber('delete from parts where id = 250');
  const { tables } = await shop.compare({ tables: ['parts'] });
  expect(tables[0]?.differences).toBe(2);
  expect(tables[0]?.sample).toEqual(
    expect.arrayContaining([
      { kind: 'extra', key: { id: '7', day: '2024-01-08' } },
      { kind: 'missing', key: { id: '250', day: '2024-09-07' } },
    ]),
  );
});

test('a big table is read range by range, with progress', async () => {
  await shop.table(
    'ranged',
    'id int8 primary key, t text',
    `select g * 1000, md5(g::text) from generate_series(-5000, 5000) g`,
  );
  await shop.both('analyze ranged');
  await shop.onSubscriber(`update ranged set t = 'x' where id in (-5000000, 0, 5000000)`);
  const events: ProgressEvent[] = [];
  const { tables } = await shop.compare({
    tables: ['ranged'],
    settings: { rowsPerRange: 1500 },
    context: { progress: (event) => events.push(event) },
  });
  expect(tables[0]).toMatchObject({ providerRows: 10001, subscriberRows: 10001, differences: 3 });
  const rows = events.flatMap((event) => ('rows' in event ? event.rows : []));
  expect(rows.length).toBeGreaterThan(6);
  expect(rows).toEqual(rows.toSorted((a, b) => a - b));
  expect(events.at(-1)).toMatchObject({
    queue: 'shop',
    node: 'new',
    table: 'public.ranged',
    step: 'compare',
    rows: 10001,
  });
});

test('rows of megabytes', async () => {
  await shop.table(
    'large',
    'id int4 primary key, b bytea',
    `select g, decode(repeat(md5(g::text), 100000), 'hex') from generate_series(1, 3) g`,
  );
  await shop.onSubscriber(
    'update large set b = set_byte(b, 1500000, 255 - get_byte(b, 1500000)) where id = 2',
  );
  expect((await shop.compare({ tables: ['large'] })).tables[0]?.sample).toEqual([
    { kind: 'different', key: { id: '2' } },
  ]);
});

test('a subscriber table of another name', async () => {
  await shop.onProvider(`create table here (id int4 primary key); insert into here values (1)`);
  await shop.onSubscriber(`create table there (id int4 primary key); insert into there values (1);
    insert into londiste.table_info (queue_name, table_name, dest_table, local, merge_state)
    values ('shop', 'public.here', 'public.there', true, 'ok')`);
  expect(await shop.compare({ tables: ['here'] })).toMatchObject({ equal: true });
});

test('a table that is not copied yet is not compared, which proves nothing', async () => {
  await shop.both('create table copying (id int4 primary key)');
  await shop.follow(['public.copying'], 'in-copy');
  expect(await shop.compare({ tables: ['copying', 'here'] })).toMatchObject({
    equal: false,
    differences: 0,
    notSynced: ['public.copying'],
    tables: [{ verdict: 'not-synced' }, { verdict: 'equal' }],
  });
});

test('a table that cannot be compared is reported; the others are compared', async () => {
  await shop.table('dropped', 'id int4');
  await shop.onSubscriber('drop table dropped');
  await shop.table('forbidden', 'id int4');
  await shop.provider.superuser((client) =>
    client.query('alter table forbidden owner to postgres; revoke all on forbidden from public'),
  );
  await shop.table('hidden', 'id int4');
  await shop.onProvider(
    'alter table hidden enable row level security; alter table hidden force row level security',
  );
  const { tables, equal } = await shop.compare({ tables: ['dropped', 'forbidden', 'hidden', 'here'] });
  expect(equal).toBe(false);
  expect(tables.map(({ name, verdict, error }) => [name, verdict, error])).toEqual([
    ['public.dropped', 'error', 'new: there is no table public.dropped'],
    [
      'public.forbidden',
      'error',
      'old: permission denied for table forbidden (42501 insufficient_privilege)',
    ],
    [
      'public.hidden',
      'error',
      'old: query would be affected by row-level security policy for table "hidden" (42501 insufficient_privilege)',
    ],
    ['public.here', 'equal', undefined],
  ]);
});

test('tables are named by patterns, too', async () => {
  const { tables } = await shop.compare({ tables: ['h?r*', 'here'] });
  expect(tables.map(({ name }) => name)).toEqual(['public.here']);
});

test('a table that is not in the queue', async () => {
  await expect(shop.compare({ tables: ['here', 'nowhere'] })).rejects.toMatchObject({
    kind: 'not-found',
    message: 'not in queue shop: nowhere',
  });
});
