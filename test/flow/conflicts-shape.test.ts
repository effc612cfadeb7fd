/**
 * Tables that differ in form between the two sides, or begin to while events flow: partitions, columns, and objects of the
 * subscriber alone.
 */
import { describe, expect, it } from 'vitest';
import { copy } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { resync } from '../../lib/units/resync.ts';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));
const onSubscriber = (pair: InstalledPair, sql: string) => pair.new.client((client) => client.query(sql));

const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      `select table_name as "table", error from pgtide.table_state where error is not null order by 1`,
    ),
  );

describe.each(modes)('%s', (_, make) => {
  it('partitioned tables are followed by plain ones, plain ones by partitioned ones, and both into other partitions', async () => {
    const pair = await make();
    const parts = (name: string, bounds: [string, string][]) =>
      bounds.map(([part, bound]) => `create table ${name}_${part} partition of ${name} ${bound};`).join('');
    const columns = 'id int not null, region text not null, v text, primary key (id, region)';
    await write(
      pair,
      `create table split (${columns}) partition by list (region); ${parts('split', [
        ['a', `for values in ('a')`],
        ['b', `for values in ('b')`],
        ['rest', 'default'],
      ])}
       create table joined (${columns});
       create table other (${columns}) partition by range (id); ${parts('other', [
         ['low', 'for values from (minvalue) to (100)'],
         ['high', 'for values from (100) to (maxvalue)'],
       ])}
       create table deep (${columns}) partition by list (region); create table deep_a partition of deep for values in ('a') partition by range (id); ${parts(
         'deep_a',
         [
           ['low', 'for values from (minvalue) to (100)'],
           ['high', 'for values from (100) to (maxvalue)'],
         ],
       )} create table deep_rest partition of deep default;`,
    );
    await onSubscriber(
      pair,
      `create table split (${columns}); create table deep (${columns});
       create table joined (${columns}) partition by hash (id, region); ${parts('joined', [
         ['0', 'for values with (modulus 2, remainder 0)'],
         ['1', 'for values with (modulus 2, remainder 1)'],
       ])}
       create table other (${columns}) partition by list (region); ${parts('other', [
         ['a', `for values in ('a')`],
         ['rest', 'default'],
       ])}`,
    );
    const tables = ['split', 'joined', 'other', 'deep'];
    const change = (at: number) =>
      tables
        .map(
          (
            name,
          ) => `insert into ${name} select ${at} + i, (array['a', 'b', 'c'])[1 + i % 3], 'v' from generate_series(1, 30) i;
            update ${name} set v = 'new' where id % 2 = 0; update ${name} set region = 'c' where id = ${at} + 3; update ${name} set id = id + 500 where id = ${at} + 4;
            delete from ${name} where id % 7 = 0;`,
        )
        .join('\n');
    await write(pair, change(80));
    await addTables(pair, tables);
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, tables);
    await write(pair, change(1080));
    // Statements that name a partition.
    await write(
      pair,
      `update split_a set v = 'named' where id % 2 = 1; insert into split_b values (7777, 'b', 'named'); delete from split_rest where id % 3 = 0; insert into deep_a_low values (-1, 'a', 'named'); truncate split_b; update deep_a_high set v = 'x'; truncate deep_a;`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, tables);
    // Partitions that are added and removed later. Their rows are the table's; a partition that is detached takes its rows along.
    await write(
      pair,
      `create table split_d partition of split for values in ('d'); insert into split values (1, 'd', 'through the table');
       create table late (${columns.replace(', primary key (id, region)', '')}); alter table split attach partition late for values in ('e'); insert into split values (2, 'e', 'x')`,
    );
    await maintain(pair.shop.context('old'));
    await write(
      pair,
      `insert into split_d values (3, 'd', 'by name'); update late set v = 'by name'; insert into late values (4, 'e', 'by name')`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, tables);
    await write(
      pair,
      `truncate joined, other; insert into joined values (1, 'a', 'after'); insert into other values (1, 'z', 'after')`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, tables);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('columns are added first on the subscriber and dropped first on the provider, while events flow', async () => {
    const pair = await make();
    await pair.both('create table t (id int primary key, a text, b int default 1)');
    await write(pair, `insert into t select i, 'a' || i from generate_series(1, 20) i`);
    await addTables(pair, ['t']);
    await followUntilSynced(pair);
    await onSubscriber(pair, 'alter table t add c int, add d timestamptz default now()');
    await write(
      pair,
      `update t set a = 'x' where id < 5; alter table t add c int; update t set c = id where id between 3 and 8; insert into t values (30, 'n', 2, 3)`,
    );
    await replayAll(pair);
    await expectEqualIn(pair, ['id', 'a', 'b', 'c']);
    await maintain(pair.shop.context('old'));
    await write(
      pair,
      `update t set a = 'before'  where id = 6; alter table t drop b; update t set a = 'after' where id in (6, 7); insert into t values (31, 'n', 4); delete from t where id = 1`,
    );
    await replayAll(pair);
    await expectEqualIn(pair, ['id', 'a', 'c']);
    expect(await rowsOf(pair.new, 't', ['id', 'b'])).toEqual(expect.arrayContaining(['31 | 1', '30 | 2']));
    await onSubscriber(pair, 'alter table t drop b, drop d');
    // A new name: the new column is added first, then filled with the old one's values.
    await onSubscriber(pair, 'alter table t add renamed text');
    await write(
      pair,
      `alter table t rename a to renamed; update t set renamed = renamed || id; alter table t alter c type bigint, alter renamed type varchar(50)`,
    );
    await write(pair, `update t set c = 5 where id = 9`);
    await replayAll(pair);
    await expectEqualIn(pair, ['id', 'renamed', 'c']);
    await onSubscriber(pair, 'alter table t drop a');
    // The key moves to another column.
    await onSubscriber(pair, 'alter table t add unique (renamed)');
    await write(
      pair,
      `update t set renamed = renamed || '?'; alter table t alter renamed set not null, drop constraint t_pkey, add primary key (renamed)`,
    );
    await write(
      pair,
      `update t set id = 99 where id = 9; delete from t where id = 10; update t set renamed = 'moved' where id = 11`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['t']);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('the subscriber’s additions stay: columns, indexes, triggers, foreign keys of tables that are not replicated', async () => {
    const pair = await make();
    await pair.both(
      `create table parent (id int primary key, v text); create table child (id int primary key, parent int references parent on delete cascade, v text)`,
    );
    await onSubscriber(
      pair,
      `alter table parent add own text default 'own', add at timestamptz default now(); create index own_index on parent (own);
       create table note (id int primary key, parent int references parent, child int references child on delete cascade);
       create table log (line text);
       create function tell() returns trigger language plpgsql as $$ begin insert into public.log values (tg_op || ' ' || tg_table_name); return coalesce(new, old); end $$;
       create trigger tell before insert or update or delete on parent for each row execute procedure tell();
       create trigger always_tell after insert on child for each row execute procedure tell(); alter table child enable always trigger always_tell;`,
    );
    await write(
      pair,
      `insert into parent select i, 'v' from generate_series(1, 10) i; insert into child select i, i % 10 + 1, 'v' from generate_series(1, 30) i`,
    );
    await addTables(pair, ['parent', 'child']);
    await followUntilSynced(pair);
    expect((await rowsOf(pair.new, 'log')).filter((line) => line.endsWith('parent'))).toEqual([]);
    await onSubscriber(
      pair,
      `begin; set local pgtide.applying = 'on'; update parent set own = 'kept ' || id; insert into note values (1, 3, 7), (2, 4, null); delete from log; commit`,
    );
    await write(
      pair,
      `update parent set v = 'new'; insert into parent values (11, 'in'); insert into child values (31, 11, 'in'); update child set parent = 11 where id < 4; delete from child where id = 30; delete from parent where id = 9`,
    );
    await replayAll(pair);
    await expectEqualIn(pair, ['id', 'v'], 'parent');
    await expectEqual(pair.old, pair.new, ['child']);
    expect(await rowsOf(pair.new, 'parent', ['id', 'own'])).toEqual(
      expect.arrayContaining(['3 | kept 3', '11 | own']),
    );
    expect(await rowsOf(pair.new, 'note')).toHaveLength(2);
    expect((await rowsOf(pair.new, 'log')).filter((line) => line.endsWith('parent'))).toEqual([]);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('a table that cannot be copied waits with its reason, and the others are copied', async () => {
    const pair = await make();
    const tables = ['big', 'gone', 'lacking', 'fine'];
    await pair.both(tables.map((name) => `create table ${name} (id int primary key, v text);`).join(''));
    await write(
      pair,
      tables
        .map(
          (name) =>
            `insert into ${name} select i, 'value ' || i from generate_series(1, ${name === 'big' ? 5000 : 10}) i; analyze ${name};`,
        )
        .join(''),
    );
    await addTables(pair, tables);
    await onSubscriber(pair, 'alter table big alter v type varchar(7); drop table gone');
    await write(pair, 'alter table lacking add extra int default 5; update lacking set extra = id');
    for (let round = 0; round < 4; round++) {
      await copy(pair.shop.context('new'));
      await replayAll(pair);
    }
    await expectEqual(pair.old, pair.new, ['fine']);
    const errors = await errorsOf(pair);
    expect(errors.map(({ table }) => table)).toEqual(['public.big', 'public.gone', 'public.lacking']);
    expect(errors[0]?.error).toMatch(/22001 string_data_right_truncation: column v/);
    expect(errors[1]?.error).toMatch(/table public\.gone is not there/);
    expect(errors[2]?.error).toMatch(/no column extra/);
    await onSubscriber(
      pair,
      'alter table big alter v type text; create table gone (id int primary key, v text); alter table lacking add extra int',
    );
    await resync(pair.shop.context('old'), {
      tables: ['public.big', 'public.gone', 'public.lacking'],
      all: false,
    });
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, tables);
  });
});

async function expectEqualIn(pair: InstalledPair, columns: string[], table = 't'): Promise<void> {
  expect(await rowsOf(pair.new, table, columns)).toEqual(await rowsOf(pair.old, table, columns));
}

describe('PostgreSQL 10, whose partitions have keys of their own', () => {
  it('follows a partitioned table without a key', async () => {
    const pair = await installedPair({ provider: 10, subscriber: 17 });
    const parts = (key: string) => `create table p (id int not null, v text) partition by range (id);
      create table p_low partition of p for values from (minvalue) to (100); create table p_high partition of p for values from (100) to (maxvalue); ${key}`;
    await write(
      pair,
      parts('alter table p_low add primary key (id); alter table p_high add primary key (id)'),
    );
    await onSubscriber(pair, parts('create index on p (id)'));
    await write(pair, `insert into p select i * 10, 'v' || i from generate_series(1, 20) i`);
    await addTables(pair, ['p']);
    await followUntilSynced(pair);
    await write(
      pair,
      `update p set v = 'x' where id < 50; delete from p_high where id > 150; insert into p_low values (1, 'named'); insert into p_high values (150, 'y') on conflict do nothing`,
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['p']);
  });
});
