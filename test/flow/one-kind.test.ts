/**
 * If a slice holds one kind of event for a table, one statement applies it, and types the events as it reads them. If that
 * fails, the events are typed first, and applied in order.
 */
import { describe, expect, it } from 'vitest';
import { addTables, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const onOld = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

describe.each([
  { provider: 10, subscriber: 18 },
  { provider: 17, subscriber: 10 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  it('rows are deleted by a key whose type was changed on the provider', async () => {
    const pair = await installedPair(versions);
    await pair.both(`create table item (id int primary key, note text);
      insert into item select i, md5(i::text) from generate_series(1, 100) i`);
    await addTables(pair, ['item'], { expectSync: true });
    await onOld(pair, 'alter table item alter id type bigint; delete from item where id % 3 = 0');
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['item']);
  });

  it('unique values change places by updates alone', async () => {
    const pair = await installedPair(versions);
    await pair.both(`create table item (id int primary key, nr int unique, note json);
      insert into item select i, i, '{"a" : 1}' from generate_series(1, 100) i`);
    await addTables(pair, ['item'], { expectSync: true });
    await onOld(
      pair,
      `update item set nr = nr + 1000; update item set nr = 1 where id = 2; update item set nr = 2 where id = 1`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['item']);
  });

  it('rows of a table without a key are inserted together', async () => {
    const pair = await installedPair(versions);
    await pair.both('create table item (note text, at timestamptz)');
    await addTables(pair, ['item'], { expectSync: true });
    await onOld(
      pair,
      `insert into item select 'n' || i % 10, now() from generate_series(1, 1000) i; insert into item values (null, null)`,
    );
    pair.shop.counts.clear();
    await replayAll(pair);
    expect(pair.shop.counts.get('exactTables')).toBeUndefined();
    await expectEqual(pair.old, pair.new, ['item']);
  });
});
