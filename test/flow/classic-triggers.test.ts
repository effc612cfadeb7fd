/**
 * C2, C8: a root whose tables have PgQ's own row triggers, as Londiste puts them on, is copied and followed: whatever the names and
 * values, in the exact order where images hold only some columns, and beside our capture in one queue.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

/** Puts tables on the queue with triggers of Londiste's, and on the leaf. */
async function addClassic(pair: InstalledPair, triggers: Record<string, string[]>): Promise<void> {
  await pair.old.client(async (client) => {
    for (const [table, args] of Object.entries(triggers))
      await demand(client, 'londiste.local_add_table', 'shop', `public.${table}`, args);
  });
  await addTables(
    pair,
    Object.keys(triggers).map((table) => `public.${table}`),
  );
}

/** Takes the table's triggers off, and puts others on: with no arguments our capture. */
async function changeTrigger(pair: InstalledPair, table: string, args: string[]): Promise<void> {
  await pair.old.client((client) =>
    client.transaction({}, async () => {
      await client.query('select londiste.drop_table_triggers($1, $2)', ['shop', `public.${table}`]);
      await demand(client, 'londiste.create_trigger', 'shop', `public.${table}`, args, null, 'root');
    }),
  );
}

const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      'select table_name as "table", error from pgtide.table_state where error is not null order by 1',
    ),
  );

const literal = (value: string) => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const hostile = [
  `it's "quoted" \\ and \\\\ 'twice'`,
  `=&%+ %41 a=1&b&c= ~`,
  ` where id='1' and z='2'`,
  `) values ('x',null)`,
  'null',
  'NULL',
  '',
  ' ',
  '\n\r\t\u0001\u007f',
  'é € 😀 \u2028 \u0085',
  `E'\\\\n'`,
  '{"op":"DELETE"}',
  '\\u0041 \\x41',
];
const nasty = (n: number) => literal(hostile[n % hostile.length] ?? '');

const columns = `v text, "Na me" text, "c""d" varchar, "select" text, "where" text, "é,=&" text, n numeric, ok bool, j jsonb, js json,
  at timestamptz, day date, arr text[], b bytea, f float8, iv interval, r int4range, u uuid`;
/** Triggers of each kind, on tables of one shape but for the key. */
const shapes: Record<string, { key: string; args: string[] }> = {
  url: { key: 'k int primary key, z int default 0', args: ['tgflags=L', 'backup'] },
  sql: { key: 'k int primary key, z int default 0', args: ['tgflags=Q'] },
  json: { key: 'k int primary key, z int default 0', args: ['tgflags=J'] },
  sql_two: { key: 'k text, z int default 0, primary key (z, k)', args: ['tgflags=Q', 'backup'] },
  'we "ird t\'able': { key: 'k text, z int default 0, primary key (z, k)', args: ['backup'] },
  ours: { key: 'k text, z int default 0, primary key (z, k)', args: [] },
};
const names = Object.keys(shapes);
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Changes whose n-th run differs from the others. Each of its tables sees hot rows, and one key come and go and come. */
function change(n: number): string {
  const key = (x: string) => `(${x})::text`;
  return names
    .map((name) => {
      const t = quoted(name);
      const as = shapes[name]?.key.startsWith('k int') ? 'int' : 'text';
      return `
        insert into ${t} (k, v, "Na me", "c""d", "é,=&", n, ok, j, js, at, day, arr, b, f, iv, r, u)
          select ${key(`${10_000 + n * 10} + i`)}::${as}, ${nasty(n)}, ${nasty(n + 1)}, ${nasty(n + 2)}, ${nasty(n + 3)}, i / 3.0, i % 2 = 0,
            to_jsonb(${nasty(n + 4)}::text), '{"a" : [1, null]}', '2020-01-01 00:00+00'::timestamptz + i * interval '1 s', 'infinity',
            array[${nasty(n)}, null, ''], ${String.raw`'\x00ff27'`}, 'NaN', '1 day -2:03:04.5', '[1,5)', md5(i::text)::uuid
          from generate_series(1, 3) i;
        update ${t} set v = ${nasty(n + 5)}, "Na me" = null where k::int % 7 = ${n % 7};
        update ${t} set n = coalesce(n, 0) + 1 where k::int < 5; update ${t} set "select" = ${nasty(n + 6)}, "where" = ${nasty(n + 7)} where k::int < 4;
        update ${t} set n = n * 2, ok = not ok where k::int < 3; update ${t} set v = v where k::int = 1;
        update ${t} set "c""d" = ${nasty(n + 8)}, "é,=&" = null, at = '-infinity', day = null, f = -0.0, iv = null, r = 'empty' where k::int % 11 = ${n % 11};
        insert into ${t} (k, v) values ('900', 'first'); update ${t} set v = ${nasty(n)} where k = '900'; update ${t} set "Na me" = '' where k = '900';
        delete from ${t} where k = '900'; insert into ${t} (k, "select") values ('900', ${nasty(n)}); delete from ${t} where k = '900';
        delete from ${t} where k::int % 23 = ${n % 23} and k::int > 10;
        insert into ${t} (k, v) values ('${77 + n}', 'again') on conflict do nothing; update ${t} set "where" = 'x' where k = '${77 + n}';`;
    })
    .join('\n');
}

describe.each([
  ...modes,
  [
    'from PostgreSQL 10',
    (tuning) => installedPair({ provider: 10, subscriber: 18 }, tuning),
    false,
  ] as (typeof modes)[number],
])('%s', (_, make) => {
  it('tables with sqltriga, logutriga and jsontriga are copied in chunks beside their writers, and followed', async () => {
    const pair = await make({ copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } });
    await pair.both(
      names.map((name) => `create table ${quoted(name)} (${shapes[name]?.key}, ${columns});`).join('\n'),
    );
    await write(
      pair,
      names
        .map(
          (
            name,
          ) => `insert into ${quoted(name)} (k, v, n, f) select i, repeat('x', 700), i, i / 3.0::float8 from generate_series(1, 250) i;
            analyze ${quoted(name)};`,
        )
        .join('\n'),
    );
    await addClassic(pair, Object.fromEntries(names.map((name) => [name, shapes[name]?.args ?? []])));
    let n = 0;
    const at = async (step: string) => {
      if (n >= 15) return;
      await write(pair, change(n++));
      await tickNow(pair);
      const free = ['copy.planned', 'chunk.announced', 'snapshot.taken', 'chunk.committed'].includes(step);
      if (free) await replay(pair.shop.context('new'));
    };
    await copyWith({ at })(pair.shop.context('new'));
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, names);
    const chunks = await pair.new.client((client) =>
      client.query<{ chunks: number }>(
        'select count(*)::int as chunks from pgtide.copy_chunk group by table_name',
      ),
    );
    expect(chunks.length).toBe(names.length);
    for (const of of chunks) expect(of.chunks).toBeGreaterThan(2);
    for (; n < 24; n++) await write(pair, change(n));
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, names);
    await write(
      pair,
      `${change(n++)} truncate ${names.map(quoted).join(', ')}; ${change(n++)} ${change(n++)}`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, names);
    expect(await errorsOf(pair)).toEqual([]);
    expect((await status(pair.shop.context('old'), {})).result).toMatchObject({ healthy: true });
  });

  it('what a trigger ignores, an update leaves alone; a table of nothing but its key may be updated', async () => {
    const pair = await make();
    const tables = ['by_url', 'by_sql', 'by_json'];
    await pair.both(
      tables
        .map((t) => `create table ${t} (id int primary key, v text, secret text default 'default');`)
        .join('') +
        'create table keys_url (a int, b text, primary key (a, b)); create table keys_sql (a int, b text, primary key (a, b))',
    );
    await addClassic(pair, {
      by_url: ['tgflags=L', 'ignore=secret', 'backup'],
      by_sql: ['tgflags=Q', 'ignore=secret'],
      by_json: ['tgflags=J', 'ignore=secret'],
      keys_url: ['tgflags=L'],
      keys_sql: ['tgflags=Q'],
    });
    await write(
      pair,
      tables.map((t) => `insert into ${t} values (1, 'a', 'copied'), (2, 'b', 'copied');`).join(''),
    );
    await write(
      pair,
      `insert into keys_url values (1, ''), (2, 'x'); insert into keys_sql values (1, ''), (2, 'x')`,
    );
    await followUntilSynced(pair);
    await write(
      pair,
      tables
        .map(
          (
            t,
          ) => `update ${t} set v = 'c', secret = 'changed' where id = 1; update ${t} set v = 'd' where id = 1; update ${t} set secret = 'alone';
            insert into ${t} values (3, 'n', 'new'); update ${t} set v = 'o' where id = 3;`,
        )
        .join('') +
        `update keys_url set a = a; update keys_url set b = b where a = 2; update keys_sql set b = b; delete from keys_sql where a = 1`,
    );
    await replayAll(pair);
    for (const table of tables)
      expect(await rowsOf(pair.new, table, ['id', 'v', 'secret'])).toEqual([
        '1 | d | copied',
        '2 | b | copied',
        '3 | o | default',
      ]);
    await expectEqual(pair.old, pair.new, ['keys_url', 'keys_sql']);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it("a table passes from Londiste's triggers to our capture and back, and all of it may lie in one batch", async () => {
    const pair = await make();
    const tables = ['by_url', 'by_sql', 'by_sql_unique'];
    await pair.both(
      tables.map((t) => `create table ${t} (id int primary key, v text, w text, x int);`).join('') +
        // Its values are swapped below, which only the exact order allows.
        'alter table by_sql_unique add unique (v)',
    );
    const classic: Record<string, string[]> = {
      by_url: ['tgflags=L', 'ignore=w'],
      by_sql: ['tgflags=Q'],
      by_sql_unique: ['tgflags=Q'],
    };
    await addClassic(pair, classic);
    await write(
      pair,
      tables
        .map((t) => `insert into ${t} select i, 'v' || i, 'w', i from generate_series(1, 20) i;`)
        .join(''),
    );
    await followUntilSynced(pair);
    let n = 0;
    const changes = () => {
      n++;
      return tables
        .map(
          (
            t,
          ) => `update ${t} set x = x + 1; insert into ${t} (id, v, x) values (${100 + n}, 'n${n}', 0); update ${t} set v = v || '${n}' where id = ${99 + n};
            update ${t} set v = null where id = 1; update ${t} set v = 'v1' where id = 2; update ${t} set v = 'v2' where id = 1; update ${t} set v = null where id = 2;
            delete from ${t} where id = 5; insert into ${t} (id, v, x) values (5, 'five${n}', 5); delete from ${t} where id = ${5 + n};`,
        )
        .join('');
    };
    for (const args of [{}, classic, {}, classic]) {
      await write(pair, changes());
      for (const table of tables) await changeTrigger(pair, table, (args as typeof classic)[table] ?? []);
      await write(pair, changes());
      // Only our capture writes it to the queue: no later image that lacks it may lose it.
      if (args !== classic)
        await write(
          pair,
          `update by_url set w = 'set ${n}'; update by_sql set w = 'set ${n}' where id % 2 = 0`,
        );
    }
    await write(pair, changes());
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, tables);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('children leave their parent before it goes, and a foreign key that cascades takes none of them along', async () => {
    const pair = await make();
    await pair.both(
      `create table parent (id int primary key, v text, w text); create table child (id int primary key, parent int references parent on delete cascade, v text)`,
    );
    await addClassic(pair, { parent: ['tgflags=Q'], child: ['tgflags=Q'] });
    await write(
      pair,
      `insert into parent values (1, 'a'), (2, 'b'); insert into child values (1, 1), (2, 1), (3, 2)`,
    );
    await followUntilSynced(pair);
    await write(
      pair,
      `insert into parent values (3, 'c'); update parent set v = 'x' where id = 1; update parent set w = 'y' where id = 1;
       update child set parent = 3, v = 'moved' where id < 3; delete from parent where id = 1; delete from parent where id = 2`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['parent', 'child']);
    expect(await errorsOf(pair)).toEqual([]);
  });
});

describe('what cannot be read', () => {
  const garbage = (pair: InstalledPair, type: string, data: string | null, table: string | null) =>
    pair.old.client((client) =>
      client.first<{ id: bigint }>(`select pgq.insert_event('shop', $1, $2, $3, null, null, null) as id`, [
        type,
        data,
        table,
      ]),
    );
  const withTable = async (tuning: Record<string, unknown> = {}) => {
    const pair = await installedPair(undefined, tuning);
    await pair.both(
      'create table t (id int primary key, v text); create table other (id int primary key, v text)',
    );
    await addClassic(pair, { t: ['tgflags=L'], other: ['tgflags=Q'] });
    await write(pair, `insert into t values (1, 'a'); insert into other values (1, 'a')`);
    await followUntilSynced(pair);
    return pair;
  };

  it.each([
    ['U:id', 'id=1&v=%zz', 'its data is not in the form of its type'],
    ['U:id', null, 'its data is not in the form of its type'],
    ['D:', 'id=1', 'it does not say which row has changed'],
    ['U:nothing', 'id=1', 'it does not say which row has changed'],
    ['U', `v=now() where id='1'`, 'its data is not in the form of its type'],
    ['D', `id='1' or true`, 'its data is not in the form of its type'],
  ])('sets its table aside and tells the event (%s %s); other tables go on', async (type, data, reason) => {
    const pair = await withTable();
    const id = (await garbage(pair, type, data, 'public.t'))?.id;
    await garbage(pair, type, data, 'public.absent');
    await write(pair, `update other set v = 'b'; update t set v = 'lost'`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['other']);
    expect(await errorsOf(pair)).toEqual([
      {
        table: 'public.t',
        error: `event ${id} (${type}) of table public.t cannot be applied: ${reason} (SQLSTATE TD007)`,
      },
    ]);
  });

  it('stops replay where that is the policy', async () => {
    const pair = await withTable({ onConflict: 'stop' });
    const id = (await garbage(pair, 'U:id', 'id', 'public.t'))?.id;
    const broken = (await garbage(pair, 'D', 'id', 'public.other'))?.id;
    expect(id).toBeDefined();
    await expect(replayAll(pair)).rejects.toThrow(
      `event ${broken} (D) of table public.other cannot be applied: its data is not in the form of its type`,
    );
  });

  it.each([
    ['U', `v='b' where id='1'`, null],
    ['X:id', 'id=1', 'public.t'],
    ['EXECUTE', 'select 1', 'file.sql'],
  ])('is no row event: %s %s %s', async (type, data, table) => {
    const pair = await withTable({ onUnknownEvent: 'stop' });
    const id = (await garbage(pair, type, data, table))?.id;
    await expect(replayAll(pair)).rejects.toThrow(`replay of shop stops at event ${id} (type "${type}")`);
  });

  it('is where a copied table is cut: a key that is not that of its table', async () => {
    const pair = await installedPair(undefined, { copy: { chunkBytes: 64 * 1024 } });
    await pair.both(
      ['whole', 'cut']
        .map((t) => `create table ${t} (id int primary key, code text not null unique, v text);`)
        .join(''),
    );
    await write(
      pair,
      `insert into whole values (1, 'a', 'v'); insert into cut select i, 'c' || i, repeat('x', 700) from generate_series(1, 300) i; analyze whole, cut`,
    );
    await addClassic(pair, { whole: ['tgflags=Q', 'pkey=code'], cut: ['tgflags=Q', 'pkey=code'] });
    const at = async (step: string) => {
      if (step !== 'copy.planned') return;
      await write(
        pair,
        `update whole set v = 'w'; update whole set id = 2 where id = 1; update cut set v = 'w' where id = 1`,
      );
      await replayAll(pair);
    };
    await copyWith({ at })(pair.shop.context('new'));
    await replayAll(pair);
    await copyWith({ at: async () => undefined })(pair.shop.context('new'));
    await write(pair, `update whole set v = 'x'; update whole set id = 3 where id = 2`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['whole']);
    expect(await errorsOf(pair)).toEqual([
      {
        table: 'public.cut',
        error: expect.stringMatching(
          /^event \d+ \(U\) of table public\.cut cannot be applied: it lacks the key by which/,
        ),
      },
    ]);
  });

  it('a partial update of a row that is not there is no row, also where the policy is to overwrite', async () => {
    const pair = await withTable({ onConflict: 'overwrite' });
    await pair.new.superuser((client) =>
      client.query(`set session_replication_role = replica; delete from t; delete from other`),
    );
    await write(pair, `update t set v = 'b'; update other set v = 'b'`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect(await errorsOf(pair)).toEqual([
      { table: 'public.other', error: expect.stringContaining('found no row, and cannot become one') },
    ]);
  });
});
