/** The contract of schema londiste: which tables, sequences and foreign keys follow a queue, and how far they are. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower, makeRoot } from '../support/node.ts';
import { consume, stateOf, tickNow } from '../support/queue.ts';

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) => client.query('drop schema if exists shop cascade; create schema shop')),
  );

  const atRoot = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeRoot(client, 'reader')));
  const atLeaf = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeFollower(client, 'leaf')));
  const code = async (client: Client, name: string, ...args: unknown[]) => {
    const { ret_code, ret_note } = await ask(client, name, ...args);
    return [ret_code, ret_note];
  };
  const tables = (client: Client, queue: string) =>
    client.query('select * from londiste.get_table_list($1)', [queue]);
  const triggers = async (client: Client, table: string) =>
    (
      await client.query<{ name: string }>(
        `select t.tgname as name from pg_trigger t where t.tgrelid = londiste.find_table_oid($1) and not t.tgisinternal order by 1`,
        [table],
      )
    ).map(({ name }) => name);
  const events = async (client: Client, queue: string) => {
    await tickNow(client, queue);
    return (await consume(client, queue, 'reader')).map((e) => [e.ev_type, e.ev_data, e.ev_extra1]);
  };

  describe('Names', () => {
    test('are found whatever dots, quotes and capitals they hold', () =>
      db.client(async (client) => {
        await client.query('create schema "sh.op"');
        const names: [schema: string, table: string][] = [
          ['shop', 'plain'],
          ['shop', 'Or"der. item'],
          ['sh.op', 'a.b'],
          ['sh.op', 'select'],
        ];
        for (const [schema, table] of names) {
          const quoted = `"${schema}"."${table.replaceAll('"', '""')}"`;
          await client.query(`create table ${quoted} (id int primary key)`);
          const found = await client.first<{ same: boolean }>(
            'select londiste.find_table_oid($1) = $2::regclass as same, londiste.quote_fqname($1) as quoted',
            [`${schema}.${table}`, quoted],
          );
          expect(found).toMatchObject({ same: true });
        }
        const none = await client.first(
          `select londiste.find_table_oid('shop.none') as a, londiste.find_seq_oid('shop.plain') as b, londiste.find_table_oid(null) as c`,
        );
        expect(none).toEqual({ a: null, b: null, c: null });
        await client.query('drop schema "sh.op" cascade');
      }));

    test('are made, split and quoted', () =>
      db.client(async (client) => {
        const row = await client.first(
          `select londiste.make_fqname('t') as made, londiste.make_fqname('s.t') as kept,
                  londiste.split_fqname('s.a.b')::text as split, londiste.split_fqname('t')::text as bare,
                  londiste.quote_fqname('S.t') as quoted, londiste.version() as v, londiste.upgrade_schema() as u`,
        );
        expect(row).toEqual({
          made: 'public.t',
          kept: 's.t',
          split: '(s,a.b)',
          bare: '(public,t)',
          quoted: '"S".t',
          v: '3.8',
          u: 0,
        });
        await client.query('create table shop.keyed (a text, b int, gone int, c int, primary key (c, b))');
        await client.query('alter table shop.keyed drop column gone');
        expect(await client.first(`select londiste.find_column_types('shop.keyed') as t`)).toEqual({
          t: 'vkk',
        });
      }));
  });

  test('Who may set session_replication_role, sets it for the session or the transaction', async () => {
    const set = (role: string, local: boolean) =>
      `select londiste.set_session_replication_role('${role}', ${local})`;
    expect((await db.client((client) => stateOf(client.query(set('replica', false)))))?.[0]).toBe('42501');
    await db.superuser(async (client) => {
      await client.query(`begin; ${set('replica', true)}`);
      expect(await client.first('show session_replication_role')).toEqual({
        session_replication_role: 'replica',
      });
      await client.query('commit');
      expect(await client.first('show session_replication_role')).toEqual({
        session_replication_role: 'origin',
      });
      await client.query(set('local', false));
      expect(await client.first('show session_replication_role')).toEqual({
        session_replication_role: 'local',
      });
      expect(await stateOf(client.query(set('x', false)))).toEqual([
        'TD001',
        'bad value for session_replication_role',
      ]);
    });
  });

  describe('On the root', () => {
    test('a table is captured from the moment it is added, and says so to the others', () =>
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

    test('a table without a key is added with a warning, for nodes of ours alone', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.keyless (v text)');
        expect(await code(client, 'londiste.local_add_table', queue, 'shop.keyless', ['pgtide'])).toEqual([
          301,
          'Table added: shop.keyless: it has no key, so updates and deletes are matched by the whole old row',
        ]);
      }));

    test('the reasons why a table cannot be added are distinguished', () =>
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

    test('triggers are left out when asked for', () =>
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

    test('a partitioned table stands for its partitions', () =>
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

    test('what is missing is every table and sequence that does not follow, of a partitioned table its partitions', () =>
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

    test('sequences are published ahead of their values', () =>
      atRoot(async (client, queue) => {
        await client.query(`create sequence shop.s; select setval('shop.s', 500);
          create sequence shop.small maxvalue 1000; create sequence shop.fast increment 100`);
        for (const name of ['s', 'small', 'fast'])
          await demand(client, 'londiste.local_add_seq', queue, `shop.${name}`);
        expect((await code(client, 'londiste.local_add_seq', queue, 'shop.s'))[0]).toBe(201);
        expect((await code(client, 'londiste.local_add_seq', queue, 'shop.none'))[0]).toBe(400);
        expect(await client.query('select * from londiste.get_seq_list($1)', [queue])).toEqual([
          { seq_name: 'shop.s', last_value: 30500n, local: true },
          { seq_name: 'shop.small', last_value: 1000n, local: true },
          { seq_name: 'shop.fast', last_value: 3000001n, local: true },
        ]);
        expect(await events(client, queue)).toEqual([
          ['londiste.update-seq', '30500', 'shop.s'],
          ['londiste.update-seq', '1000', 'shop.small'],
          ['londiste.update-seq', '3000001', 'shop.fast'],
        ]);
        const check = async (...args: unknown[]) => {
          await demand(client, 'londiste.root_check_seqs', queue, ...args);
          return events(client, queue);
        };
        await client.query(`select setval('shop.s', 20499), setval('shop.small', 1000)`);
        expect(await check()).toEqual([]);
        await client.query(`select setval('shop.s', 20500)`);
        expect(await check()).toEqual([['londiste.update-seq', '50500', 'shop.s']]);
        expect(await check(100)).toEqual([]);
        await client.query(`select setval('shop.s', 50450)`);
        expect(await check(100)).toEqual([['londiste.update-seq', '50750', 'shop.s']]);

        await demand(client, 'londiste.local_remove_seq', queue, 'shop.s');
        expect(await events(client, queue)).toEqual([['londiste.remove-seq', 'shop.s', null]]);
        expect((await code(client, 'londiste.global_remove_seq', queue, 'shop.s'))[0]).toBe(400);
        expect((await code(client, 'londiste.local_remove_seq', queue, 'shop.s'))[0]).toBe(400);
        expect((await code(client, 'londiste.global_update_seq', queue, 'shop.s', 5))[0]).toBe(402);
      }));

    test('sequences that a table owns leave with it', () =>
      atRoot(async (client, queue) => {
        await client.query(
          'create table shop.a (id serial primary key, n int generated by default as identity)',
        );
        await demand(client, 'londiste.local_add_table', queue, 'shop.a');
        for (const seq of ['shop.a_id_seq', 'shop.a_n_seq'])
          await demand(client, 'londiste.local_add_seq', queue, seq);
        await demand(client, 'londiste.local_remove_table', queue, 'shop.a');
        expect(await client.query('select * from londiste.get_seq_list($1)', [queue])).toEqual([]);
      }));

    test('a change can be announced, and only here', () =>
      atRoot(async (client, queue) => {
        await client.query(`select londiste.root_notify_change($1, 'type', 'data')`, [queue]);
        expect(await events(client, queue)).toEqual([['type', 'data', null]]);
        const leaf = await makeFollower(client, 'leaf');
        const notify = (name: string) =>
          stateOf(client.query(`select londiste.root_notify_change($1, 't', 'd')`, [name]));
        expect(await notify(leaf)).toEqual(['TD003', 'only root node can send events']);
        expect(await notify('none')).toEqual(['TD002', 'No such set: none']);
      }));

    test('maintenance is a list of calls, each of which works', () =>
      atRoot(async (client, queue) => {
        await client.query(`create sequence shop.s;
          create or replace function shop."Own; work"(text) returns int language sql as 'select 0'`);
        await demand(client, 'londiste.local_add_seq', queue, 'shop.s');
        await client.query(
          `update pgq.queue set queue_switch_time = now() - interval '1 day', queue_extra_maint = '{pgtide.enforce_policy,
             shop.Own; work,pgq.drop_queue,pgq_node.set_node_attrs,shop.none,pg_catalog.lower}' where queue_name = $1`,
          [queue],
        );
        const work = await client.query<{ func_name: string; func_arg: string | null }>(
          'select * from pgq.maint_operations()',
        );
        const ours = work.filter(({ func_arg }) => func_arg === null || func_arg === queue);
        expect(ours.map((one) => [one.func_name, one.func_arg])).toEqual([
          ['pgq.maint_rotate_tables_step1', queue],
          ['pgq.maint_rotate_tables_step2', null],
          ['pgtide.enforce_policy', queue],
          ['shop."Own; work"', queue],
          ['pgq_node.maint_watermark', queue],
          ['londiste.root_check_seqs', queue],
          ['londiste.periodic_maintenance', null],
        ]);
        for (const { func_name, func_arg } of ours) {
          await (func_arg === null
            ? client.query(`select ${func_name}()`)
            : client.query(`select ${func_name}($1)`, [func_arg]));
        }
      }));
  });

  describe('On a leaf', () => {
    test('a table waits to be copied, guarded against local changes', () =>
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

    test('a table that holds the same rows already is ok at once, also under another name', () =>
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

    test('what an unfinished copy took off comes back when the table leaves', () =>
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
    ])('what Londiste has taken off under the search_path %s comes back by %s', (path, remove) =>
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

    test('sequences follow what the root publishes, only forward', () =>
      atLeaf(async (client, queue) => {
        await client.query('create sequence shop."s.q"; create sequence shop.small maxvalue 100');
        expect((await code(client, 'londiste.local_add_seq', queue, 'shop.s.q'))[0]).toBe(404);
        const publish = (value: number) =>
          demand(client, 'londiste.global_update_seq', queue, 'shop.s.q', value);
        const value = async () =>
          (await client.first<{ v: bigint }>(`select pgq.seq_getval('shop.s.q') as v`))?.v;
        await publish(1000);
        expect(await value()).toBe(1n);
        await demand(client, 'londiste.local_add_seq', queue, 'shop.s.q');
        expect(await value()).toBe(1000n);
        await publish(2000);
        await publish(1500);
        expect(await value()).toBe(2000n);
        expect((await code(client, 'londiste.root_check_seqs', queue))[0]).toBe(402);

        await demand(client, 'londiste.global_update_seq', queue, 'shop.small', 5000);
        await demand(client, 'londiste.local_add_seq', queue, 'shop.small');
        expect(await client.first(`select last_value from shop.small`)).toEqual({ last_value: 100n });

        await demand(client, 'londiste.local_remove_seq', queue, 'shop.s.q');
        expect((await code(client, 'londiste.local_remove_seq', queue, 'shop.s.q'))[0]).toBe(404);
        await demand(client, 'londiste.global_remove_seq', queue, 'shop.s.q');
      }));

    test('foreign keys are dropped for the copy and restored once both tables are there', () =>
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
