/**
 * Names that need quoting, everywhere: tables are copied in chunks, followed, merged when triggers nest, and restored after
 * a copy.
 */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import type { TestDatabase } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Each is the name of a schema, a table, a column, a constraint, an index, a sequence and a type. */
const names = [
  'Upper Case',
  'do"uble',
  `sin'gle`,
  'dot.ted',
  'back\\slash \\n',
  'per%cent %s %I %1$s',
  '$$dollar$$ $1 $body$',
  'ünï ☃ 𝄞',
  'select',
  'new',
  'tab\tand\nline',
  '{"op":"INSERT"}',
  ':param /*x*/ --',
  'x'.repeat(63),
  'é'.repeat(31),
];

/** Column names that the SQL of capture, stage and apply itself uses. */
const columns = [
  'r',
  'o',
  'n',
  't',
  's',
  'x',
  'p',
  'k',
  'f',
  'd',
  'u',
  'e',
  'h',
  'key',
  'row',
  'value',
  'values',
  'ev_id',
  'ev_data',
  'op',
  'shape',
  'chunk_no',
  'tag',
  'old_row',
  'c1',
  'c2',
  'position',
  'data',
  'nothing',
  'pgtide_new',
  'pgtide_old',
  'old',
  'new',
  'v_current',
  'v_rows',
  'tg_op',
  'found',
  'user',
  'table',
  'order',
  'i_nr',
  'rows',
  'columns',
  'name',
  'oid',
  'public',
  'pg_catalog',
  'record',
];

interface Table {
  schema: string;
  sql: string;
  name: string;
  key: string;
  value: string;
}

function table(name: string, index: number): Table {
  const schema = names[(index + 1) % names.length] ?? '';
  return {
    schema: quote(schema),
    sql: `${quote(schema)}.${quote(name)}`,
    name: `${schema}.${name}`,
    key: quote(names[(index + 2) % names.length] ?? ''),
    value: quote(names[(index + 3) % names.length] ?? ''),
  };
}

const tables = names.map(table);

function createTable({ schema, sql, key, value }: Table, index: number): string {
  const other = (by: number) => quote(names[(index + by) % names.length] ?? '');
  const [type, sequence] = [`${schema}.${other(5)}`, `${schema}.${other(6)}`];
  const parent = tables[index - 1];
  return `create type ${type} as enum ('a', 'it''s "${index}');
    create sequence ${sequence};
    create table ${sql} (${key} int, ${value} text, "Kind of" ${type} default 'a', n int default 0, ref int,
      seq int default nextval('${sequence.replaceAll("'", "''")}'),
      constraint ${other(4)} primary key (${key}), constraint ${other(7)} unique (${value}, n)
      ${parent ? `, constraint ${other(8)} foreign key (ref) references ${parent.sql}` : ''});
    alter sequence ${sequence} owned by ${sql}.seq;
    create index ${other(9)} on ${sql} (n, ${value});`;
}

/** Reads rows by the quoted name, without any code of pgtide. */
async function rowsOf(database: TestDatabase, sql: string): Promise<string[]> {
  return database.superuser(async (client) =>
    (await client.query<{ line: string }>(`select t::text as line from ${sql} t`))
      .map(({ line }) => line)
      .sort(),
  );
}

async function expectSame(pair: InstalledPair, list: string[]): Promise<void> {
  for (const sql of list) expect(await rowsOf(pair.new, sql), sql).toEqual(await rowsOf(pair.old, sql));
}

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 18, subscriber: 14 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  it('copies and follows tables with hostile names', async () => {
    const pair = await installedPair(versions, { copy: { chunkBytes: 64 * 1024 } });
    await pair.both(names.map((name) => `create schema ${quote(name)};`).join('\n'));
    await pair.both(tables.map(createTable).join('\n'));
    await pair.old.client(async (client) => {
      for (const { sql, key, value } of tables)
        await client.query(
          `insert into ${sql} (${key}, ${value}, n, ref) select i, repeat('v', 900) || i, i % 3, i from generate_series(1, 100) i`,
        );
    });
    await addTables(
      pair,
      tables.map(({ name }) => name),
    );
    const change = (round: number) =>
      pair.old.client(async (client) => {
        for (const { sql, key, value } of tables.toReversed())
          await client.query(
            `update ${sql} set ${value} = 'new', n = ${round} + ${key}, "Kind of" = enum_last("Kind of") where ${key} % 7 = ${round};
             insert into ${sql} (${key}, ${value}, n) values (${500 + round}, 'in', ${500 + round});
             update ${sql} set ref = null where ref % 11 = ${round};`,
          );
        for (const { sql, key } of tables.toReversed())
          await client.query(
            `update ${sql} set ${key} = -${key} where ${key} = ${500 + round}; delete from ${sql} where ${key} = ${-498 - round}`,
          );
      });
    let chunks = 0;
    await copyWith({
      at: async (step) => {
        if (step !== 'snapshot.taken' || chunks++ !== 9) return;
        await change(1);
        await tickNow(pair);
        await replay(pair.shop.context('new'));
      },
    })(pair.shop.context('new'));
    await followUntilSynced(pair);
    await expectSame(
      pair,
      tables.map(({ sql }) => sql),
    );
    await change(2);
    await change(3);
    await replayAll(pair);
    await expectSame(
      pair,
      tables.map(({ sql }) => sql),
    );
  });

  it("keeps columns apart whose names are used in pgtide's SQL", async () => {
    const pair = await installedPair(versions);
    const list = columns.map((name) => `${quote(name)} int`).join(', ');
    const again = `create function again() returns trigger language plpgsql as $again$ begin
        execute format('update %s set "n" = coalesce("n", 0) + 10 where "r" = $1.r and coalesce("n", 0) < 10', tg_relid::regclass) using new; return null; end $again$;`;
    const triggers = (name: string) =>
      `create trigger again after insert or update on ${name} for each row when (pg_trigger_depth() < 2) execute procedure again();`;
    await pair.both(`create table keyed (${list}, primary key ("r", "o", "key", "pgtide_new")); create table loose (${list});
      ${names.map((name, nr) => `create table ${quote(name)} (${quote(name)} int primary key, "r" int, "n" int, ${quote(names[(nr + 1) % names.length] ?? '')} text);`).join('\n')}`);
    await pair.old.client((client) =>
      client.query(
        `${again} ${triggers('keyed')} ${triggers('loose')} ${names.map((name) => triggers(quote(name))).join('\n')}`,
      ),
    );
    const all = ['keyed', 'loose', ...names.map(quote)];
    const values = (first: number) => columns.map((_, nr) => `i * ${first} + ${nr}`).join(', ');
    const change = (first: number) =>
      pair.old.client(async (client) => {
        for (const name of ['keyed', 'loose'])
          await client.query(`insert into ${name} select ${values(first)} from generate_series(1, 3) i; update ${name} set "o" = "o" + 1000, "value" = null where "r" % 2 = 0;
            update ${name} set "n" = 1 where "r" % 2 = 1; delete from ${name} where "r" % 3 = 0; update ${name} set "r" = "r" + 1 where "r" % 5 = 0`);
        for (const [nr, name] of names.entries()) {
          const [own, other] = [quote(name), quote(names[(nr + 1) % names.length] ?? '')];
          await client.query(`insert into ${own} (${own}, "r", "n", ${other}) select ${first} + i, i, 0, 'x' from generate_series(1, 4) i;
            update ${own} set ${own} = ${own} + 100, ${other} = 'key', "n" = 1 where ${own} = ${first} + 1; update ${own} set ${own} = ${first + 5} - ${own} + ${first} where ${own} = ${first + 5};
            delete from ${own} where ${own} = ${first} + 2`);
        }
      });
    await change(1000);
    await addTables(pair, ['keyed', 'loose', ...names.map((name) => `public.${name}`)]);
    await followUntilSynced(pair);
    await expectSame(pair, all);
    await change(2000);
    await replayAll(pair);
    await expectSame(pair, all);
    const stats = await pair.new.client((client) =>
      client.query('select table_name from pgtide.table_stats where missing + conflicts > 0'),
    );
    expect(stats).toEqual([]);
  });
});
