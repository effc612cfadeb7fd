/**
 * C2, C8: a root whose tables have PgQ's own row triggers, as Londiste creates them, is copied and followed: with any names and
 * values, in the exact order if images hold only some columns, and beside our capture in one queue.
 */
import { describe, expect, it } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { systemClock } from '../../lib/clock.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { status } from '../../lib/units/status.ts';
import { modes } from '../property/replica-pair.ts';
import { followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { addClassic, errorsOf, write } from './classic-tables.ts';

/** Drops the table's triggers, and creates others: without arguments, our capture. */
async function changeTrigger(pair: InstalledPair, table: string, args: string[]): Promise<void> {
  await pair.old.client((client) =>
    client.transaction({}, async () => {
      await client.query('select londiste.drop_table_triggers($1, $2)', ['shop', `public.${table}`]);
      await demand(client, 'londiste.create_trigger', 'shop', `public.${table}`, args, null, 'root');
    }),
  );
}

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
/** Triggers of each kind, on tables that differ only in their key. */
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

/** Changes that differ with `n`. In each table some rows change often, and one key is inserted, deleted and inserted again. */
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
    // Before PostgreSQL 12 these triggers write 15 digits of a float, unless the writer asks for more.
    await write(
      pair,
      names
        .map(
          (
            name,
          ) => `insert into ${quoted(name)} (k, v, n, f) select i, repeat('x', 700), i, i / 4.0::float8 from generate_series(1, 250) i;
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
    // The run waits for its writers: on a busy machine they take longer than a run lasts.
    await copyWith({ at })(pair.shop.context('new', { budget: new Budget(systemClock, 170_000) }));
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

  it('an update leaves columns that the trigger ignores alone; a table that has only its key may be updated', async () => {
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

  it("a table passes from Londiste's triggers to our capture and back, and all of it may be in one batch", async () => {
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
      // Only our capture writes `w` to the queue. Later images without it must not change it.
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

  it('children that leave a parent before it is deleted are not deleted by a foreign key that cascades', async () => {
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
