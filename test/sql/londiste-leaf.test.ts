/** A table of a leaf is protected from local changes and waits for its copy. Everything that a copy has dropped comes back. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { code, tables, triggers } from '../support/londiste-tables.ts';
import { atNewLeaf, demand, makeFollower } from '../support/node.ts';
import { type QueueWork, stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) => client.query('drop schema if exists shop cascade; create schema shop')),
  );
  const atLeaf = (work: QueueWork) => atNewLeaf(db, work);

  describe('On a leaf', () => {
    test('a table waits for its copy, and local changes are rejected', () =>
      atLeaf(async (client, queue) => {
        await client.query('create table shop.t (id int primary key)');
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.t')).toEqual([
          404,
          'Table not available on queue: shop.t',
        ]);
        expect(await code(client, 'londiste.global_add_table', queue, 'shop.t')).toEqual([
          200,
          'Table added: shop.t',
        ]);
        expect(await code(client, 'londiste.global_add_table', queue, 'shop.t')).toEqual([
          200,
          'Table already added: shop.t',
        ]);
        expect(await client.query('select * from londiste.local_show_missing($1)', [queue])).toEqual([
          { obj_kind: 'r', obj_name: 'shop.t' },
        ]);
        await demand(client, 'londiste.local_add_table', queue, 'shop.t', ['skip_truncate']);
        expect(await tables(client, queue)).toMatchObject([
          { local: true, merge_state: null, table_attrs: 'skip_truncate=1' },
        ]);
        expect((await stateOf(client.query('insert into shop.t values (1)')))?.[0]).toMatch(/^TD/);

        await demand(client, 'londiste.local_set_table_state', queue, 'shop.t', '1:2:', 'in-copy');
        await demand(client, 'londiste.local_set_table_struct', queue, 'shop.t', 'select 1');
        await demand(client, 'londiste.local_set_table_attrs', queue, 'shop.t', 'a=1');
        expect(await tables(client, queue)).toMatchObject([
          { merge_state: 'in-copy', custom_snapshot: '1:2:', dropped_ddl: 'select 1', table_attrs: 'a=1' },
        ]);
        await demand(client, 'londiste.local_set_table_state', queue, 'shop.t', null, 'ok');
        expect(await tables(client, queue)).toMatchObject([
          { merge_state: 'ok', custom_snapshot: null, dropped_ddl: null },
        ]);
        expect(
          (await code(client, 'londiste.local_set_table_state', queue, 'shop.none', null, 'ok'))[0],
        ).toBe(404);
        await demand(client, 'londiste.global_add_table', queue, 'shop.unused');
        for (const [name, ...values] of [
          ['attrs', 'x=1'],
          ['state', null, 'ok'],
          ['struct', 'select 1'],
        ])
          expect(
            (await code(client, `londiste.local_set_table_${name}`, queue, 'shop.unused', ...values))[0],
          ).toBe(404);
        await demand(client, 'londiste.global_remove_table', queue, 'shop.unused');

        await demand(client, 'londiste.local_remove_table', queue, 'shop.t');
        expect(await tables(client, queue)).toMatchObject([
          { local: false, merge_state: null, table_attrs: null },
        ]);
        await client.query('insert into shop.t values (1)');
        await demand(client, 'londiste.global_remove_table', queue, 'shop.t');
        expect((await code(client, 'londiste.global_remove_table', queue, 'shop.t'))[0]).toBe(400);
      }));

    test('a table that already has the same rows is ok at once, also under another name', () =>
      atLeaf(async (client, queue) => {
        await client.query('create table shop.renamed (id int primary key)');
        await demand(client, 'londiste.global_add_table', queue, 'shop.t');
        await demand(
          client,
          'londiste.local_add_table',
          queue,
          'shop.t',
          ['expect_sync'],
          null,
          'shop.renamed',
        );
        expect(await tables(client, queue)).toMatchObject([
          { merge_state: 'ok', dest_table: 'shop.renamed' },
        ]);
        expect(await triggers(client, 'shop.renamed')).toEqual([
          `_londiste_${queue}`,
          `_londiste_${queue}_truncate`,
        ]);
        for (const change of ['insert into shop.renamed values (1)', 'truncate shop.renamed'])
          expect((await stateOf(client.query(change)))?.[1]).toMatch(
            /^Table 'shop\.renamed' to queue .* change not allowed/,
          );
        await demand(client, 'londiste.global_remove_table', queue, 'shop.t');
        expect(await triggers(client, 'shop.renamed')).toEqual([]);
      }));

    test('an index that an unfinished copy has dropped is restored when the table is removed', () =>
      atLeaf(async (client, queue) => {
        await client.query(
          'create table shop.t (id int primary key, v int); insert into shop.t values (1, 1)',
        );
        await demand(client, 'londiste.global_add_table', queue, 'shop.t');
        await demand(client, 'londiste.local_add_table', queue, 'shop.t');
        await demand(client, 'londiste.local_set_table_state', queue, 'shop.t', null, 'in-copy');
        await demand(
          client,
          'londiste.local_set_table_struct',
          queue,
          'shop.t',
          'create index t_v on shop.t (v)',
        );
        await demand(client, 'londiste.local_remove_table', queue, 'shop.t');
        expect(
          await client.first(`select count(*) as rows, to_regclass('shop.t_v')::text as index from shop.t`),
        ).toEqual({
          rows: 0n,
          index: 'shop.t_v',
        });
      }));

    test.each([
      ['shop', 'local_remove_table'],
      ['shop', 'global_remove_table'],
      ['public', 'local_remove_table'],
    ])('objects that Londiste has dropped under the search_path %s are restored by %s', (path, remove) =>
      db.client(async (client) => {
        const queue = await makeFollower(client, 'leaf');
        await client.query(`create function ${path}.fold(text) returns text language sql immutable as 'select lower($1)';
          create operator ${path}.<<<(leftarg = text, rightarg = text, procedure = pg_catalog.text_lt);
          create domain ${path}.word as text;
          create table ${path}.other (id int primary key);
          create table ${path}.t (id int primary key, v text, w int);
          create index t_fold on ${path}.t (${path}.fold(v)) where v operator(${path}.<<<) 'z';
          alter table ${path}.t add constraint t_w foreign key (w) references ${path}.other, add constraint t_check check (v = ${path}.fold(v::${path}.word))`);
        try {
          await client.query(`set search_path = ${path}`);
          // As Londiste's worker does it.
          const { ddl } = (await client.first<{ ddl: string }>(
            `select string_agg(d.ddl, E';\n') as ddl from (
               select format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as ddl
                 from pg_constraint where conrelid = 't'::regclass and contype in ('f', 'c')
               union all select pg_get_indexdef('t_fold'::regclass)) d`,
          )) ?? { ddl: '' };
          expect(ddl).toContain('REFERENCES other');
          const before =
            await client.query(`select pg_get_indexdef('t_fold'::regclass), pg_get_constraintdef(oid)
            from pg_constraint where conrelid = 't'::regclass order by conname`);
          await client.query(`drop index t_fold; alter table t drop constraint t_w, drop constraint t_check`);
          await demand(client, 'londiste.global_add_table', queue, `${path}.t`);
          await demand(client, 'londiste.local_add_table', queue, `${path}.t`, '{no_merge}');
          await demand(client, 'londiste.local_set_table_state', queue, `${path}.t`, null, 'in-copy');
          await demand(client, 'londiste.local_set_table_struct', queue, `${path}.t`, ddl);
          if (remove === 'local_remove_table') {
            await demand(client, 'londiste.local_remove_table', queue, `${path}.t`);
          } else {
            // Londiste's worker, whose sessions begin with that path, hears of it by an event.
            await client.query(`alter database ${db.name} set search_path = ${path}`);
            await db.client((worker) => demand(worker, `londiste.${remove}`, queue, `${path}.t`));
          }
          expect(
            await client.query(`select pg_get_indexdef('t_fold'::regclass), pg_get_constraintdef(oid)
              from pg_constraint where conrelid = 't'::regclass order by conname`),
          ).toEqual(before);
          expect(await tables(client, queue)).not.toMatchObject([{ local: true }]);
        } finally {
          await client.query(`alter database ${db.name} reset search_path`);
          await client.query(
            `reset search_path; drop table if exists ${path}.t, ${path}.other; drop operator ${path}.<<<(text, text);
             drop function ${path}.fold(text); drop domain ${path}.word`,
          );
        }
      }),
    );

    test('foreign keys are dropped for the copy and restored once both tables are copied', () =>
      atLeaf(async (client, queue) => {
        await client.query(`create table shop."P.arent" (id int primary key);
          create table shop.child (id int primary key, parent int constraint "F k" references shop."P.arent");
          create table shop.other (id int primary key, child int constraint o references shop.child on delete cascade)`);
        for (const table of ['shop.P.arent', 'shop.child']) {
          await demand(client, 'londiste.global_add_table', queue, table);
          await demand(client, 'londiste.local_add_table', queue, table);
        }
        const keys = await client.query<{ from_table: string; to_table: string; fkey_name: string }>(
          `select * from londiste.find_table_fkeys('shop.child')`,
        );
        expect(keys.map((key) => [key.from_table, key.to_table, key.fkey_name])).toEqual([
          ['shop.child', 'shop.P.arent', 'F k'],
          ['shop.other', 'shop.child', 'o'],
        ]);
        for (const key of keys) {
          const drop = () =>
            client.query('select londiste.drop_table_fkey($1, $2) as n', [key.from_table, key.fkey_name]);
          expect([await drop(), await drop()]).toEqual([[{ n: 1 }], [{ n: 0 }]]);
        }
        const valid = async () =>
          (
            await client.query<{ fkey_name: string }>('select * from londiste.get_valid_pending_fkeys($1)', [
              queue,
            ])
          ).map((k) => k.fkey_name);
        expect(await client.query(`select * from londiste.get_table_pending_fkeys('shop.child')`)).toEqual(
          keys,
        );
        expect(await valid()).toEqual([]);
        await demand(client, 'londiste.local_set_table_state', queue, 'shop.child', null, 'ok');
        expect(await valid()).toEqual(['o']);
        await demand(client, 'londiste.local_set_table_state', queue, 'shop.P.arent', '1:1:', 'ok');
        expect(await valid()).toEqual(['o']);
        await demand(client, 'londiste.local_set_table_state', queue, 'shop.P.arent', null, 'ok');
        expect(await valid()).toEqual(['F k', 'o']);

        const next = async () =>
          (
            await client.first<{ sql: string }>(
              `select londiste.restore_table_fkey('shop.child', 'F k', true) as sql`,
            )
          )?.sql;
        expect(await next()).toBe(
          'alter table only shop.child add constraint "F k" FOREIGN KEY (parent) REFERENCES shop."P.arent"(id) not valid',
        );
        await client.query((await next()) ?? '');
        expect(await next()).toBe('alter table only shop.child validate constraint "F k"');
        await client.query((await next()) ?? '');
        expect([await next(), await next()]).toEqual(['', null]);
        expect(await client.first(`select londiste.restore_table_fkey('shop.other', 'o') as done`)).toEqual({
          done: '',
        });
        expect(await client.query(`select * from londiste.find_table_fkeys('shop.child')`)).toEqual(keys);
        await demand(client, 'pgq_node.drop_node', queue, 'leaf');
        expect(await triggers(client, 'shop.child')).toEqual([]);
      }));
  });
});
