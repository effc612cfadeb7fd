/**
 * Events of PgQ's row triggers that cannot be read or applied: each sets its table aside, or stops replay if that is the policy. Other tables
 * go on.
 */
import { expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { addClassic, errorsOf, write } from './classic-tables.ts';

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
])(
  'an event that cannot be read sets its table aside and is reported (%s %s); other tables go on',
  async (type, data, reason) => {
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
  },
);

it('an event that cannot be read stops replay if that is the policy', async () => {
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
])('an event of an unknown type is not a row event: %s %s %s', async (type, data, table) => {
  const pair = await withTable({ onUnknownEvent: 'stop' });
  const id = (await garbage(pair, type, data, table))?.id;
  await expect(replayAll(pair)).rejects.toThrow(`replay of shop stops at event ${id} (type "${type}")`);
});

it('events without the key of a table set it aside only if it is copied in several chunks', async () => {
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

it('an update of some columns does not become a missing row, also if the policy is to overwrite', async () => {
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
