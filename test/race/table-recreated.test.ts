/** Changes under a copy: the provider's table is dropped and created again; the two sides order keys differently. */
import { describe, expect, it } from 'vitest';
import { copyWith } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { status } from '../../lib/units/status.ts';
import { endsIn } from '../support/crash-hooks.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const small = { copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } };
const onOld = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

async function problems(pair: InstalledPair): Promise<string[]> {
  const { result } = await status(pair.shop.context('old'), {});
  return result.queues.flatMap((queue) =>
    queue.nodes.flatMap((node) => node.problems.map(({ code }) => `${node.name}: ${code}`)),
  );
}

const items = (from: number, to: number) =>
  `insert into item select i, repeat('x', 300) from generate_series(${from}, ${to}) i; analyze item`;

describe('a provider’s table that was dropped and made again', () => {
  it.each(['in the middle of its copy', 'while it was in step'])(
    '%s is reported until it is captured and copied again',
    async (when) => {
      const pair = await installedPair(undefined, small);
      await pair.both('create table item (id int primary key, note text)');
      await onOld(pair, items(1, 600));
      await addTables(pair, ['item']);
      if (when === 'while it was in step') await followUntilSynced(pair);
      else {
        const run = (at: (step: string) => Promise<void>) => copyWith({ at })(pair.shop.context('new'));
        expect(await endsIn(run, 'chunk.committed')).toBe(true);
      }
      await onOld(
        pair,
        `drop table item; create table item (id int primary key, note text); ${items(300, 900)}`,
      );
      await replayAll(pair);
      await maintain(pair.shop.context('old'));
      expect(await problems(pair), 'not repaired in silence').toContain('old: trigger-missing');
      await addTables(pair, ['item']);
      await onOld(pair, `update item set note = 'new' where id % 3 = 0`);
      await followUntilSynced(pair);
      await expectEqual(pair.old, pair.new, ['item']);
      expect(await problems(pair)).not.toContain('old: trigger-missing');
    },
  );
});

describe('a new partition', () => {
  it('does not make add-table copy its table again: maintain captures it', async () => {
    const pair = await installedPair(undefined, small);
    await pair.both(`create table item (id int primary key, note text) partition by range (id);
      create table item_1 partition of item for values from (0) to (1000)`);
    await onOld(pair, items(1, 100));
    await addTables(pair, ['item']);
    await followUntilSynced(pair);
    await pair.both('create table item_2 partition of item for values from (1000) to (2000)');
    expect(await problems(pair)).toContain('old: partition-uncaptured');
    pair.shop.counts.clear();
    await addTables(pair, ['item']);
    await maintain(pair.shop.context('old'));
    expect(await problems(pair)).not.toContain('old: partition-uncaptured');
    await onOld(pair, `insert into item_2 values (1500, 'by its own name')`);
    await followUntilSynced(pair);
    expect(pair.shop.counts.get('chunks')).toBeUndefined();
    await expectEqual(pair.old, pair.new, ['item']);
  });
});

describe('a key', () => {
  it('whose columns the subscriber has in another order is followed through its copy', async () => {
    const pair = await installedPair(undefined, small);
    const table = (key: string) =>
      `create table stock (place int, item int, note text, primary key (${key}))`;
    await onOld(pair, table('place, item'));
    await pair.new.client((client) => client.query(table('item, place')));
    await onOld(
      pair,
      `insert into stock select i % 10, i, repeat('x', 300) from generate_series(1, 600) i; analyze stock`,
    );
    await addTables(pair, ['stock']);
    const change = () =>
      onOld(
        pair,
        `update stock set note = note || 'u' where item % 3 = 0; delete from stock where item % 50 = 0;
         insert into stock select i % 10, (select max(item) from stock) + i, 'new' from generate_series(1, 20) i`,
      );
    const changeAndReplay = async () => {
      await change();
      await replayAll(pair);
    };
    await copyWith({ at: changeAndReplay })(pair.shop.context('new'));
    await change();
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, ['stock']);
  });
});
