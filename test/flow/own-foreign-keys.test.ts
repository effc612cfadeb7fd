/** A table of the subscriber alone refers to a replicated one: only the replicated table waits, and resync ends the wait. */
import { describe, expect, it } from 'vitest';
import { resync } from '../../lib/units/resync.ts';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import type { InstalledPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));
const own = (pair: InstalledPair, sql: string) => pair.new.client((client) => client.query(sql));

const setAside = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ name: string; error: string }>(
      'select table_name as name, error from pgtide.table_state where error is not null order by 1',
    ),
  );

/** One table for each way in which rows are deleted, and one to which no table refers. Each has the rows 1 to 4. */
const tables = ['deleted', 'rekeyed', 'truncated', 'restricted', 'deferred', 'reused', 'free'] as const;

describe.each(modes)('%s', (_, make) => {
  it('a delete, a change of a key or a truncate of rows that it refers to sets their table aside', async () => {
    const pair = await make();
    await pair.both(
      [
        ...tables.map((name) => `create table ${name} (id int primary key, code int unique, v text)`),
        'create table parted (id int primary key, v text) partition by range (id)',
        'create table parted_1 partition of parted for values from (0) to (100)',
        'create table recoded (id int primary key, code int not null unique)',
      ].join(';'),
    );
    const all = [...tables, 'parted', 'recoded'];
    for (const name of all) await write(pair, `insert into ${name} select i, i from generate_series(1, 4) i`);
    await addTables(pair, all);
    await followUntilSynced(pair);
    const refer = (name: string, more = '') =>
      `create table mine."of ${name}" (id int, ref int constraint "refers to ${name}" references ${name}${more}); insert into mine."of ${name}" values (1, 2), (2, null);`;
    await own(
      pair,
      `create schema mine; ${refer('deleted')} ${refer('rekeyed')} ${refer('truncated')} ${refer('restricted', ' on delete restrict')}
       ${refer('deferred', ' deferrable initially deferred')} ${refer('reused')} ${refer('parted_1')} ${refer('recoded', ' (code)')}
       create view mine.seen as select * from deleted`,
    );
    await write(
      pair,
      `delete from deleted where id = 2; update rekeyed set id = 9 where id = 2; truncate truncated; delete from restricted;
       delete from deferred where id = 2; update recoded set code = 9 where id = 2; truncate parted;
       delete from reused where id = 2; insert into reused values (2, 2, 'again'); delete from free; insert into deleted values (5, 5)`,
    );
    await replayAll(pair);
    await write(pair, `insert into free values (7, 7, 'x'); insert into reused values (8, 8, 'x')`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['free', 'reused']);
    const waiting = ['deferred', 'deleted', 'parted', 'recoded', 'rekeyed', 'restricted', 'truncated'];
    const errors = await setAside(pair);
    expect(errors.map(({ name }) => name)).toEqual(waiting.map((name) => `public.${name}`));
    for (const { name, error } of errors) {
      const short = name.replace('public.', '').replace('parted', 'parted_1');
      expect(error).toContain(`refers to ${short}`);
      expect(error).toContain(`mine.of ${short}`);
    }
    expect(await own(pair, 'select count(*)::int as n from mine."of truncated" where ref = 2')).toEqual([
      { n: 1 },
    ]);

    await own(
      pair,
      waiting.map((name) => `delete from mine."of ${name.replace('parted', 'parted_1')}"`).join(';'),
    );
    await resync(pair.shop.context('old'), { tables: waiting, all: false });
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, all);
    await write(pair, 'delete from deleted; truncate truncated, parted');
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, all);
    expect(await setAside(pair)).toEqual([]);
  });

  it('one whose rows are hidden by row security is left out, and the queue goes on', async () => {
    const pair = await make();
    await pair.both('create table seen (id int primary key)');
    await write(pair, 'insert into seen values (1), (2)');
    await addTables(pair, ['seen']);
    await followUntilSynced(pair);
    await own(
      pair,
      `create table hidden (ref int references seen on delete cascade); alter table hidden enable row level security;
       alter table hidden force row level security`,
    );
    await write(pair, 'delete from seen where id = 1; insert into seen values (3)');
    await replayAll(pair);
    expect(await setAside(pair)).toEqual([]);
    await expectEqual(pair.old, pair.new, ['seen']);
  });

  it('a chain of them, of replicated tables and its own, keeps the rest of the queue going', async () => {
    const pair = await make();
    await pair.both(`create table parent (id int primary key); create table other (id int primary key);
      create table child (id int primary key, parent int references parent)`);
    await write(pair, `insert into parent values (1), (2); insert into child values (1, 1), (2, 2)`);
    await addTables(pair, ['parent', 'child', 'other']);
    await followUntilSynced(pair);
    await own(
      pair,
      `create table mine (id int primary key, child int references child on delete cascade); insert into mine values (1, 1);
       create table yours (mine int constraint held references mine deferrable initially deferred); insert into yours values (1)`,
    );
    await write(
      pair,
      `delete from child where id = 1; delete from parent where id = 1; insert into other values (1)`,
    );
    await replayAll(pair);
    await write(pair, `insert into other values (2)`);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['other']);
    expect((await setAside(pair)).map(({ name }) => name)).toContain('public.child');
  });
});
