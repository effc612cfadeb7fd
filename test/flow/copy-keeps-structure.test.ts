/** A copy drops indexes and constraints of the subscriber's tables, and restores them as they were. */
import { describe, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import { addTables, followUntilSynced } from '../support/follow.ts';
import { installedPair } from '../support/unit-context.ts';

/** Every index and constraint of the database's tables, with its validity and its comment. */
const structure = (db: TestDatabase) =>
  db.client((client) =>
    client.query(`
      select format('%s %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid, obj_description(i.indexrelid, 'pg_class')) as line
        from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
      union all
      select format('%s %s %s', k.conname, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
        from pg_constraint k join pg_class c on c.oid = k.conrelid
       where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'x')
      order by 1`),
  );

describe.each([
  { provider: 13, subscriber: 18 },
  { provider: 18, subscriber: 13 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  it('the indexes of a partitioned table are on its partitions again, and comments are kept', async () => {
    const pair = await installedPair(versions);
    await pair.both(`
      create table "the ONLY" (id int, at date, v text, primary key (id, at)) partition by range (at);
      create table part_1 partition of "the ONLY" for values from ('2020-01-01') to ('2021-01-01');
      create table part_2 partition of "the ONLY" for values from ('2021-01-01') to ('2022-01-01') partition by list (id);
      create table part_2_rest partition of part_2 default;
      create index "a ON ONLY b" on "the ONLY" (v) include (id) where v <> ' ON ONLY ';
      create unique index on "the ONLY" (at, id, v);
      create index own_index on part_1 (v, id);
      create index alone on only "the ONLY" (at);
      create table plain (id int primary key, a int, b int, constraint both_of_them unique (a, b) deferrable);
      create index plain_b on plain (b desc) with (fillfactor = 60);
      comment on index "a ON ONLY b" is 'it''s the parent''s';
      comment on index plain_b is 'an index; with ''quotes''';
      comment on constraint both_of_them on plain is 'a constraint';
      insert into "the ONLY" values (1, '2020-02-02', 'x'), (2, '2021-02-02', 'y');
      insert into plain values (1, 2, 3);`);
    const before = await structure(pair.new);
    await pair.new.client((client) => client.query('truncate "the ONLY", plain'));
    await addTables(pair, ['the ONLY', 'plain']);
    await followUntilSynced(pair);
    expect(await structure(pair.new)).toEqual(before);
  });
});
