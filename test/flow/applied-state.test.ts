/** Replay decides by the SQLSTATE of the error that a table's rows met, and not by the reason in words. */
import { expect, test } from 'vitest';
import { replaySlice } from '../../lib/replay/replay-batch.ts';
import { addTables, followUntilSynced, tickNow } from '../support/follow.ts';
import { replayByHand } from '../support/replay-by-hand.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

/** The next slice, and the outcome for its tables. */
function nextSlice(pair: InstalledPair) {
  return pair.old.client((provider) =>
    pair.new.client((subscriber) => replaySlice(replayByHand(provider, subscriber))),
  );
}

test('a table that is set aside is reported with the SQLSTATE', async () => {
  const pair = await installedPair();
  await pair.both(`
    create table once (id int primary key, v int);
    create table small (id int primary key, v int);
    create table good (id int primary key, v int)`);
  await addTables(pair, ['once', 'small', 'good']);
  await followUntilSynced(pair);
  await pair.new.client((client) =>
    client.query('create unique index on once (v); alter table small add check (v < 10)'),
  );
  await pair.old.client((client) =>
    client.query(`
      insert into once values (1, 1), (2, 1);
      insert into small values (1, 10);
      insert into good values (1, 1)`),
  );
  await tickNow(pair);
  const slice = await nextSlice(pair);
  const states = slice.kind === 'applied' ? slice.tables.map(({ table, state }) => [table, state]) : slice;
  expect(states).toEqual([
    ['public.good', null],
    ['public.once', '23505'],
    ['public.small', '23514'],
  ]);
});
