/** A table of the root is captured from the moment it is added until it is removed, and only if its changes can be captured. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { code, events, tables, triggers } from '../support/londiste-tables.ts';
import { ask, atNewRoot, demand } from '../support/node.ts';
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
  const atRoot = (work: QueueWork) => atNewRoot(db, work, 'reader');

  describe('On the root', () => {
    test('a table is captured once it is added, and an event announces it to the other nodes', () =>
      atRoot(async (client, queue) => {
        await client.query(`create table shop."Or.der" (id int primary key, v text)`);
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.Or.der')).toEqual([
          200,
          'Table added: shop.Or.der',
        ]);
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.Or.der')).toEqual([
          200,
          'Table already added: shop.Or.der',
        ]);
        expect((await code(client, 'londiste.local_add_table', queue, 'shop.Or.der', null, 'x=1'))[0]).toBe(
          410,
        );
        expect(await tables(client, queue)).toEqual([
          {
            table_name: 'shop.Or.der',
            local: true,
            merge_state: 'ok',
            custom_snapshot: null,
            table_attrs: null,
            dropped_ddl: null,
            copy_role: null,
            copy_pos: 0,
            dest_table: null,
          },
        ]);
        await client.query(`insert into shop."Or.der" values (1, 'x')`);
        const got = await events(client, queue);
        expect(got).toHaveLength(2);
        expect(got[0]).toEqual(['londiste.add-table', 'shop.Or.der', null]);
        expect(got[1]?.[2]).toBe('shop.Or.der');

        expect(await code(client, 'londiste.local_remove_table', queue, 'shop.Or.der')).toEqual([
          200,
          'Table removed: shop.Or.der',
        ]);
        expect(await triggers(client, 'shop.Or.der')).toEqual([]);
        expect(await tables(client, queue)).toEqual([]);
        await client.query(`insert into shop."Or.der" values (2, 'y')`);
        expect(await events(client, queue)).toEqual([['londiste.remove-table', 'shop.Or.der', null]]);
        expect((await code(client, 'londiste.local_remove_table', queue, 'shop.Or.der'))[0]).toBe(400);
      }));

    test('a table without a key is added with a warning, for nodes of pgtide only', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.keyless (v text)');
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.keyless', ['pgtide'])).toEqual([
          301,
          'Table added: shop.keyless: it has no key, so updates and deletes are matched by the whole old row',
        ]);
      }));

    test('each reason why a table cannot be added has its own error', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.t (id int primary key)');
        expect(await code(client, 'londiste.local_add_table', 'none', 'shop.t')).toEqual([
          400,
          'No such set: none',
        ]);
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.none')).toEqual([
          404,
          'Table does not exist: shop.none',
        ]);
        const unknown = ask(client, 'londiste.local_add_table', queue, 'shop.t', ['no_merge', 'nonsense']);
        expect(await stateOf(unknown)).toEqual(['TD001', "not supported yet: trigger arguments 'nonsense'"]);
        expect(await tables(client, queue)).toEqual([]);

        await client.query(
          'create table shop.parent (id int primary key); create table shop.child () inherits (shop.parent)',
        );
        for (const name of ['shop.parent', 'shop.child']) {
          expect(await code(client, 'londiste.local_add_table', queue, name)).toEqual([
            405,
            'Table shop.child inherits from shop.parent: tables with INHERITS are not supported',
          ]);
        }
      }));

    test('a table can be added without triggers', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.quiet (id int primary key)');
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.quiet', ['no_triggers'])).toEqual([
          200,
          'Table added with no triggers: shop.quiet',
        ]);
        expect(await triggers(client, 'shop.quiet')).toEqual([]);
        await demand(client, 'londiste.local_add_table', queue, 'shop.nowhere', ['virtual_table']);
        expect(await tables(client, queue)).toMatchObject([
          { table_attrs: 'no_triggers=1' },
          { merge_state: 'ok' },
        ]);
        await demand(client, 'londiste.global_remove_table', queue, 'shop.nowhere');
      }));

    test('a partitioned table cannot be on the queue together with one of its partitions', () =>
      atRoot(async (client, queue) => {
        const key = version > 10 ? ', primary key (id)' : '';
        await client.query(`create table shop.whole (id int not null ${key}) partition by range (id);
          create table shop.part partition of shop.whole for values from (0) to (10)`);
        await client.query('alter table shop.part add primary key (id)').catch(() => undefined);
        await demand(client, 'londiste.local_add_table', queue, 'shop.part');
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.whole', ['pgtide'])).toEqual([
          405,
          'Partition shop.part of table shop.whole is on the queue already: remove it first',
        ]);
        await demand(client, 'londiste.local_remove_table', queue, 'shop.part');
        await ask(client, 'londiste.local_add_table', queue, 'shop.whole', ['pgtide']);
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.part')).toEqual([
          405,
          'Table shop.part is a partition of shop.whole, which is on the queue already',
        ]);
        expect(await triggers(client, 'shop.part')).not.toEqual([]);
      }));

    test('missing are tables and sequences that are not on the queue, and partitions instead of their partitioned table', () =>
      atRoot(async (client, queue) => {
        await client.query(`create table shop.a (id serial primary key); create table shop.b (id int primary key);
          create table shop.p (id int) partition by range (id); create table shop.p1 partition of shop.p for values from (0) to (9)`);
        await demand(client, 'londiste.local_add_table', queue, 'shop.b');
        expect(await client.query('select * from londiste.local_show_missing($1)', [queue])).toEqual([
          { obj_kind: 'S', obj_name: 'shop.a_id_seq' },
          { obj_kind: 'r', obj_name: 'shop.a' },
          { obj_kind: 'r', obj_name: 'shop.p1' },
        ]);
        await demand(client, 'londiste.local_add_seq', queue, 'shop.a_id_seq');
        expect(await client.query('select * from londiste.local_show_missing($1)', [queue])).toHaveLength(2);
      }));
  });
});
