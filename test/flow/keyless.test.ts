/**
 * C8 for tables without a key: a slice is applied at once, with the same result as its events one by one. Each event
 * changes exactly one of the rows that are equal to its old row.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { replaySlice } from '../../lib/replay/replay-batch.ts';
import type { AppliedTable, ReplayStep } from '../../lib/replay/replay-work.ts';
import { addTables, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { replayByHand } from '../support/replay-by-hand.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const setUp = `
  create table plain (a int, b text, c jsonb);
  insert into plain select i % 7, nullif(repeat('x', i % 3), 'xx'), '{"n": 1}' from generate_series(1, 200) i;
  create table indexed (a int, b text);
  create index on indexed (b);
  insert into indexed select i % 40, 'b' || i from generate_series(1, 400) i;
  create table parted (a int, b text) partition by list (a);
  create table parted_1 partition of parted for values in (1, 2, 3);
  create table parted_2 partition of parted for values in (4, 5, 6);
  insert into parted select i % 6 + 1, 'p' from generate_series(1, 60) i;
  create table wider (a int);
  insert into wider select generate_series(1, 10)`;
const tables = ['plain', 'indexed', 'parted', 'wider'];

/** Replays everything. Returns the outcome of each table, and how often the rows of `scanned` were read through. */
async function replayAll(
  pair: InstalledPair,
  scanned = 'plain',
): Promise<{ tables: AppliedTable[]; scans: number }> {
  await tickNow(pair);
  const all: AppliedTable[] = [];
  let scans = 0;
  await pair.old.client((provider) =>
    pair.new.client(async (subscriber) => {
      for (;;) {
        const at = async (step: ReplayStep) => {
          if (step !== 'rows.applied') return;
          const row = await subscriber.first<{ scans: bigint }>(
            'select pg_stat_get_xact_numscans($1::regclass) as scans',
            [`public.${scanned}`],
          );
          scans += Number(row?.scans ?? 0);
        };
        const result = await replaySlice(replayByHand(provider, subscriber, { at }));
        if (result.kind !== 'applied') return;
        all.push(...result.tables);
      }
    }),
  );
  return { tables: all, scans };
}

describe.each([
  [13, 17],
  [18, 10],
])('from PostgreSQL %i to %i', (provider, subscriber) => {
  let pair: InstalledPair;
  const onOld = (sql: string) => pair.old.client((client) => client.query(sql));
  const equal = (names = ['plain', 'indexed', 'parted']) => expectEqual(pair.old, pair.new, names);
  beforeAll(async () => {
    pair = await installedPair({ provider, subscriber });
    // Only since version 11 can a row move to another partition.
    await pair.both(setUp);
    await pair.new.client((client) =>
      client.query(`alter table wider add own text; update wider set own = 'row ' || a`),
    );
    await addTables(pair, tables, { expectSync: true });
  });

  test('rows that are equal, and rows that change again and again', async () => {
    await onOld(`
      begin;
      insert into plain values (1, '', '{"n": 2}'), (1, null, '{"n": 2}'), (1, '', '{"n": 2}'), (99, 'gone', null);
      update plain set a = a + 1 where a < 3;
      update plain set c = null where b is null;
      delete from plain where ctid in (select ctid from plain where b = '' limit 11);
      update plain set a = a - 1 where a between 1 and 3;
      update plain set a = 100 where a = 99;
      delete from plain where a = 100;
      insert into plain values (100, 'again', '[]');
      update indexed set b = 'b' || substr(b, 2)::int + 1;
      delete from indexed where a = 3;
      update indexed set b = null where a = 4;
      update indexed set a = 5 where b is null;
      commit`);
    const { tables: applied } = await replayAll(pair);
    expect(applied.map(({ error, missing, exact }) => ({ error, missing, exact }))).toEqual(
      applied.map(() => ({ error: null, missing: 0n, exact: false })),
    );
    await equal();
  });

  test('the table is read once for a slice, and not for each event', async () => {
    await onOld(`do $$ begin for i in 1 .. 50 loop
      update plain set b = 'n' || i where ctid = (select ctid from plain offset i limit 1); end loop; end $$`);
    const { tables: applied, scans } = await replayAll(pair);
    expect(applied).toMatchObject([{ table: 'public.plain', updated: 50n, error: null }]);
    expect(scans).toBeLessThan(10);
    await equal();
  });

  test('rows of partitions', async () => {
    await onOld(`
      update parted set b = b || 'q' where a in (2, 4);
      delete from parted where ctid in (select ctid from parted_1 limit 4) and tableoid = 'parted_1'::regclass;
      insert into parted values (1, 'new'), (6, 'new')`);
    if (Math.min(provider, subscriber) > 10) await onOld('update parted set a = 7 - a where a <> 2');
    await replayAll(pair);
    await equal();
  });

  test('columns that only the subscriber has stay with their rows', async () => {
    await onOld(
      'update wider set a = a + 100 where a > 5; update wider set a = a + 1 where a > 100; delete from wider where a = 2',
    );
    await replayAll(pair);
    const rows = await pair.new.client((client) =>
      client.query<{ a: number; own: string }>('select a, own from public.wider order by 1'),
    );
    expect(rows).toEqual(
      [1, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => ({ a: n > 5 ? n + 101 : n, own: `row ${n}` })),
    );
  });

  test('an event does not find a row that is inserted only later', async () => {
    await pair.new.superuser((client) =>
      client.query('set session_replication_role = replica; delete from public.wider where a = 1'),
    );
    await onOld('begin; delete from wider where a = 1; insert into wider values (1); commit');
    const { tables: applied } = await replayAll(pair);
    expect(applied).toMatchObject([{ table: 'public.wider', error: expect.stringMatching(/found no row/) }]);
  });

  test('an event that finds no row sets its table aside', async () => {
    await pair.new.superuser((client) =>
      client.query('set session_replication_role = replica; delete from public.plain where a = 5'),
    );
    await onOld(
      `update plain set b = 'changed' where a in (4, 5); insert into indexed values (1, 'one more')`,
    );
    const { tables: applied } = await replayAll(pair);
    expect(applied.find(({ table }) => table === 'public.plain')?.error).toMatch(/found no row to change/);
    expect(applied.find(({ table }) => table === 'public.indexed')).toMatchObject({
      error: null,
      inserted: 1n,
    });
    await equal(['indexed']);
  });
});
