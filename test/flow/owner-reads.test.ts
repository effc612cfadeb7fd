/**
 * C14 for readers of tables: copy, compare and status plan queries on tables of other roles, and PostgreSQL then computes
 * constant calls in their indexes and statistics. The queries run as the table's owner, on either side, and whatever these
 * calls leave in the session does not act later.
 */
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { inGap } from '../support/crash-hooks.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { setAside } from '../support/mallory.ts';
import { compareAll, MALLORY, MEMBER, sides } from '../support/owned-sides.ts';

interface Table {
  columns: string;
  /** The expressions of row number i. */
  row: string;
  more: string;
  since?: number;
}

const code = (name: string) =>
  `create index on ${name} (id) where hers.lure('x') = 'x'; create index on ${name} ((id || hers.lure('y')))`;

const tables: Record<string, Table> = {
  many: { columns: 'id int primary key, v text', row: `i, repeat('v', 100)`, more: '' },
  keyless: { columns: 'id int, v text', row: `i, 'v'`, more: '' },
  texts: { columns: 'id text, n int, v text, primary key (id, n)', row: `'k "' || i, i, 'v'`, more: '' },
  typed: {
    columns: `id int primary key, v text, n numeric(10,2), s varchar(5), b bit(3), d interval day to minute, c "char", w word, p pair,
              "A ""b" date, ts timestamptz(3)[]`,
    row: `i, 'v', i / 7.0, 'abc', '101', '1 day', 'c', 'w', row(i, 'x')::hers.pair, 'today', array[now()]`,
    more: '',
  },
  counted: {
    columns: 'id int primary key, v text',
    row: `i, 'v'`,
    more: `create statistics counting on (v || hers.lure('x')), id from counted; analyze counted`,
    since: 14,
  },
  parted: {
    columns: 'id int, v text, primary key (id)',
    row: `i, 'v'`,
    more: '',
    since: 11,
  },
};

describe.each([
  { version: 10, role: 'superuser' as const },
  { version: 18, role: 'superuser' as const },
  { version: 17, role: 'member' as const },
])('on PostgreSQL $version, by a $role', ({ version, role }) => {
  let on: Awaited<ReturnType<typeof sides>>;
  const names = Object.keys(tables).filter((name) => (tables[name]?.since ?? 0) <= version);
  beforeAll(async () => {
    on = await sides(version, role);
    for (const name of names) {
      const { columns, row, more } = tables[name] ?? { columns: '', row: '', more: '' };
      await on.mallory(
        name === 'parted'
          ? `create table parted (${columns}) partition by range (id); create table parted_1 partition of parted for values from (0) to (900);
             create table parted_2 partition of parted for values from (900) to (9000)`
          : `create table ${name} (${columns}); ${more}`,
      );
      await on.mallory(code(name));
      await on.malloryOnRoot(`insert into ${name} select ${row} from generate_series(1, 2000) i`);
    }
  });

  it('copies and compares tables with code of their owner, as their owner', async () => {
    await addTable(
      on.shop.context('old'),
      addTableInput.parse({ tables: names.map((name) => `hers.${name}`) }),
    );
    await followUntilSynced(on);
    const chunks = await on.new.client((client) =>
      client.first<{ n: number }>(
        `select count(*)::int as n from pgtide.copy_chunk where table_name = 'hers.many'`,
      ),
    );
    expect(chunks?.n).not.toBe(1);
    expect(await compareAll(on)).toMatchObject({
      differences: 0,
      tables: names.map(() => ({ verdict: 'equal', providerRows: 2000 })),
    });
    await on.new.superuser(async (client) => {
      await client.query(`set session_replication_role = replica; set role ${MALLORY}`);
      for (const name of names)
        await client.query(`update hers.${name} set v = 'spoilt' where id::text ~ '77$'`);
    });
    expect((await compareAll(on)).tables.map(({ differences }) => differences)).toEqual(
      names.map((name) => (name === 'keyless' ? 40 : 20)),
    );
    expect(await setAside(on)).toEqual([]);
  });

  it('looks at a column that was added', async () => {
    await on.mallory(`alter table many add at timestamptz default clock_timestamp()`);
    const { result } = await status(on.shop.context('old'), {});
    const problems = result.queues[0]?.nodes.flatMap((node) => node.problems.map(({ code }) => code));
    expect(problems).toContain('column-filled-apart');
  });

  it('runs no view as itself that takes the place of a table in mid-copy', async () => {
    await resync(on.shop.context('old'), resyncInput.parse({ tables: ['hers.keyless'] }));
    await replayAll(on);
    const hook = inGap('snapshot.taken', () =>
      on.malloryOnRoot(`drop table keyless; create view keyless as select 1 as id, hers.spy('v') as v`),
    );
    const found = await copyWith(hook)(on.shop.context('new')).catch((error: unknown) => error);
    expect(hook.met).toBe(true);
    // Her function fails for any role but her own.
    expect(inspect([found, await setAside(on)], { depth: 9 })).not.toContain('P0001');
  });

  it('reads no key as a type that its owner has given it in mid-copy', async () => {
    await on.mallory(`create table keyed (id text primary key)`);
    await on.malloryOnRoot(`insert into hers.keyed select '(' || i || ')' from generate_series(1, 9999) i`);
    await addTable(on.shop.context('old'), addTableInput.parse({ tables: ['hers.keyed'] }));
    const hook = inGap('snapshot.taken', () =>
      on.malloryOnRoot(`update keyed set id = '(0)' where id = '(7)';
        create domain checked as text check (hers.spy(value) is not null); create type deep as (c checked);
        alter table keyed alter id type deep using row(id)::deep; update keyed set id = row('1')::deep where (id).c = '(8)'`),
    );
    const found = [await copyWith(hook)(on.shop.context('new')).catch((error: unknown) => error)];
    found.push(await replayAll(on).catch((error: unknown) => error));
    expect(hook.met).toBe(true);
    expect(inspect([found, await setAside(on)], { depth: 9 })).not.toContain('P0001');
    expect((await setAside(on)).map(({ name }) => name)).toContain('hers.keyed');
  });

  it('reads a table of no columns as its owner', async () => {
    await on.mallory(`create table bare (id int)`);
    await on.malloryOnRoot('insert into hers.bare values (1), (2)');
    await addTable(on.shop.context('old'), addTableInput.parse({ tables: ['hers.bare'] }));
    await on.mallory(
      `alter table bare drop column id; create index on bare ((1)) where hers.lure('x') = 'x'`,
    );
    await copyWith({})(on.shop.context('new'));
    expect(await setAside(on)).not.toContainEqual(expect.objectContaining({ name: 'hers.bare' }));
    expect(
      await on.new.superuser((client) => client.query('select count(*)::int as n from hers.bare')),
    ).toEqual([{ n: 2 }]);
  });

  it.runIf(role === 'member')(
    'reads as itself where it may not act for the owner, unless there is code of hers',
    async () => {
      await on.mallory(`create table plain (id int primary key, v text); create table coded (id int primary key, v text);
      grant all on plain, coded to public; create index on coded (id) where hers.spy('x') = 'x'`);
      await on.malloryOnRoot(`insert into hers.plain values (1, 'v')`);
      const membership = (sql: string) => on.old.superuser((client) => client.query(sql));
      await membership(`revoke ${MALLORY} from ${MEMBER}`);
      try {
        await expect(
          addTable(on.shop.context('old'), addTableInput.parse({ tables: ['hers.coded'] })),
        ).rejects.toMatchObject({
          message: expect.stringContaining(
            `table hers.coded belongs to another role, whose code would run with the rights of the role that reads it: function hers.spy(text)`,
          ),
        });
        await addTable(on.shop.context('old'), addTableInput.parse({ tables: ['hers.plain'] }));
        await followUntilSynced(on).catch(() => undefined);
        expect(await on.new.superuser((client) => client.query('select * from hers.plain'))).toEqual([
          { id: 1, v: 'v' },
        ]);
      } finally {
        await membership(`grant ${MALLORY} to ${MEMBER}`);
      }
    },
  );
});
