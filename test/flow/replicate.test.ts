/** A table is copied while its root goes on writing, and then followed: the leaf ends equal. Runs on several pairs of versions. */
import { describe, expect, it } from 'vitest';
import { copy } from '../../lib/units/copy.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';
import { withOthers } from '../support/versions.ts';

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 13, subscriber: 18 },
  { provider: 18, subscriber: 14 },
  ...(withOthers([]).length < 3
    ? []
    : [
        { provider: 11, subscriber: 16 },
        { provider: 12, subscriber: 11 },
        { provider: 16, subscriber: 12 },
      ]),
])('PostgreSQL $provider followed by $subscriber', (versions) => {
  it('copies in chunks, follows inserts, updates, deletes, key changes and truncates', async () => {
    const pair = await installedPair(versions, { copy: { chunkBytes: 64 * 1024, parallelChunks: 2 } });
    await pair.both(`
      create table customer (id int primary key, name text not null, email text unique, region text);
      create index customer_region on customer (region);
      create table orders (id bigint primary key, customer_id int not null references customer, total numeric(12,2), note text, at timestamptz default now());
      create table log (line text, n int);`);
    await pair.old.client((client) =>
      client.query(`
        insert into customer select i, 'name ' || i, 'mail' || i || '@x', 'r' || i % 7 from generate_series(1, 5000) i;
        insert into orders (id, customer_id, total, note) select i, i % 5000 + 1, i / 7.0, repeat('x', i % 50) from generate_series(1, 20000) i;
        insert into log select 'line ' || i % 10, i % 3 from generate_series(1, 50) i; analyze;`),
    );
    await addTables(pair, ['customer', 'orders', 'log']);
    await pair.old.client((client) =>
      client.query(
        `update orders set total = total + 1 where id % 10 = 0; delete from orders where id % 10 = 1`,
      ),
    );
    await copy(pair.shop.context('new'));
    await pair.old.client((client) =>
      client.query(`
        update customer set email = 'new' || id || '@x' where id % 3 = 0;
        update orders set id = id + 100000 where id % 10 = 2;
        insert into customer values (9001, 'nine', 'nine@x', 'r9');
        insert into orders (id, customer_id, total) values (200001, 9001, 1.5);
        update log set n = n + 1 where line = 'line 3'; delete from log where line = 'line 4';`),
    );
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, ['customer', 'orders', 'log']);
    await pair.old.client((client) =>
      client.query(`
        update customer set region = 'z' where id < 100; delete from orders where customer_id = 9001; delete from customer where id = 9001;
        truncate log; insert into log values ('after', 1);`),
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['customer', 'orders', 'log']);
    const chunks = await pair.new.client((client) =>
      client.first(`select count(*)::int as n from pgtide.copy_chunk where table_name = 'public.orders'`),
    );
    expect(chunks?.n).toBeGreaterThan(5);
    const objects = await pair.new.client((client) =>
      client.query(
        `select indexrelid::regclass::text as name from pg_index where indrelid in ('customer'::regclass, 'orders'::regclass) order by 1`,
      ),
    );
    expect(objects.map((row) => row.name)).toEqual([
      'customer_email_key',
      'customer_pkey',
      'customer_region',
      'orders_pkey',
    ]);
    const keys = await pair.new.client((client) =>
      client.query(
        `select convalidated from pg_constraint where contype = 'f' and conrelid = 'orders'::regclass`,
      ),
    );
    expect(keys).toEqual([{ convalidated: true }]);
  });
});
