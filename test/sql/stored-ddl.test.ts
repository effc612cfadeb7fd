/**
 * Stored definitions are restored whatever search_path they were read under, and whatever path the caller has. Those of
 * Londiste and of other releases may leave out schemas, and a function in an index may search the session's path for the
 * functions that it calls.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';

/** PostgreSQL 17 builds indexes under a search_path of its own, in any session. */
describe.each([10, 15])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await db.client((client) => client.query(`alter database ${db.name} set search_path = shop`));
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(`drop schema if exists shop cascade; create schema shop;
        create function helper(text) returns text language sql immutable as 'select pg_catalog.lower($1)';
        create function fold(text) returns text language plpgsql immutable as 'begin return helper($1); end';
        create table other (id int primary key); create table t (id int primary key, v text, w int);
        insert into t values (1, 'A'), (2, 'B')`),
    ),
  );

  /** The search_path of pgtide's own sessions: pg_catalog alone. */
  const pinned = <T>(client: Client, work: () => Promise<T>) => client.transaction({}, work);
  const index = async (client: Client) =>
    (await client.first<{ there: string | null }>(`select to_regclass('shop.t_v')::text as there`))?.there;

  const follower = async (client: Client): Promise<string> => {
    const queue = await makeFollower(client, 'leaf');
    await demand(client, 'londiste.global_add_table', queue, 'shop.t');
    await demand(client, 'londiste.local_add_table', queue, 'shop.t', ['expect_sync']);
    return queue;
  };
  const save = (client: Client, queue: string, sql: string) =>
    client.query(
      `insert into pgtide.saved_ddl (queue_name, table_name, kind, object_name, restore_sql) values ($1, 'shop.t', 'index', 't_v', $2)`,
      [queue, sql],
    );

  test.each(['create index t_v on t (fold(v))', 'CREATE INDEX t_v ON shop.t USING btree (shop.fold(v))'])(
    '%s is put back when its table leaves',
    (sql) =>
      db.client(async (client) => {
        const queue = await follower(client);
        await save(client, queue, sql);
        await pinned(client, async () => {
          await client.query(`select pgtide.abandon_copy($1, 'shop.t')`, [queue]);
          await demand(client, 'londiste.local_remove_table', queue, 'shop.t');
        });
        expect(await index(client)).not.toBeNull();
        expect(await client.query('select from pgtide.saved_ddl where queue_name = $1', [queue])).toEqual([]);
      }),
  );

  test('an index that replay could not maintain stays off while its table follows, and the reason is kept', () =>
    db.client(async (client) => {
      const queue = await follower(client);
      await save(client, queue, 'CREATE INDEX t_v ON shop.t USING btree (shop.fold(v))');
      const restore = `select pgtide.restore_object($1, 'shop.t', 'index', 't_v') as result`;
      expect(await pinned(client, () => client.query(restore, [queue]))).toEqual([{ result: 'failed' }]);
      expect(await client.query('select error from pgtide.saved_ddl where queue_name = $1', [queue])).toEqual(
        [{ error: expect.stringMatching(/^42883 undefined_function/) }],
      );
      await client.query('alter function fold(text) set search_path = shop');
      expect(await pinned(client, () => client.query(restore, [queue]))).toEqual([{ result: 'restored' }]);
    }));

  test('a foreign key that was saved without schemas is restored', () =>
    db.client(async (client) => {
      await client.query(
        `insert into londiste.pending_fkeys values ('shop.t', 'shop.other', 't_w', 'alter table only t add constraint t_w foreign key (w) references other')`,
      );
      await pinned(client, () => client.query(`select londiste.restore_table_fkey('shop.t', 't_w')`));
      expect(await client.query(`select from pg_constraint where conname = 't_w'`)).toHaveLength(1);
    }));

  test('what cannot be restored fails with its error, and the caller keeps its search_path', () =>
    db.client(async (client) => {
      const queue = await follower(client);
      await client.query(`set search_path = shop, public`);
      await demand(client, 'londiste.local_set_table_state', queue, 'shop.t', null, 'in-copy');
      await demand(
        client,
        'londiste.local_set_table_struct',
        queue,
        'shop.t',
        'create index t_v on t (v); create index t_v on t (v)',
      );
      expect((await stateOf(ask(client, 'londiste.local_remove_table', queue, 'shop.t')))?.[0]).toBe('42P07');
      expect(await client.query('select from t')).toHaveLength(2);
      await demand(client, 'londiste.local_set_table_struct', queue, 'shop.t', 'create index t_v on t (v)');
      await demand(client, 'londiste.local_remove_table', queue, 'shop.t');
      expect(await client.query('show search_path')).toEqual([{ search_path: 'shop, public' }]);
    }));
});
