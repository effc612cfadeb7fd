/** Functions of schema londiste that concern no single table: names, session_replication_role, announcements and maintenance. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { events } from '../support/londiste-tables.ts';
import { atNewRoot, demand, makeFollower } from '../support/node.ts';
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

  describe('Names', () => {
    test('are resolved with dots, quotes and capital letters in them', () =>
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

    test('are qualified, split and quoted', () =>
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

  test('A role with the right to do so sets session_replication_role for the session or the transaction', async () => {
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
    test('a change can be announced, and on no other node', () =>
      atRoot(async (client, queue) => {
        await client.query(`select londiste.root_notify_change($1, 'type', 'data')`, [queue]);
        expect(await events(client, queue)).toEqual([['type', 'data', null]]);
        const leaf = await makeFollower(client, 'leaf');
        const notify = (name: string) =>
          stateOf(client.query(`select londiste.root_notify_change($1, 't', 'd')`, [name]));
        expect(await notify(leaf)).toEqual(['TD003', 'only root node can send events']);
        expect(await notify('none')).toEqual(['TD002', 'No such set: none']);
      }));

    test('maintenance is a list of calls, each of which can be run', () =>
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
});
