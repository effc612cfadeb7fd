/**
 * C1: the functions that `londiste execute` and `londiste change-handler` call: a script runs once on a node, and a table
 * gets other triggers.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower, makeRoot } from '../support/node.ts';
import { consume, stateOf, tickNow } from '../support/queue.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(
        'drop schema if exists shop cascade; create schema shop; truncate londiste.applied_execute',
      ),
    ),
  );

  const atRoot = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeRoot(client, 'reader')));
  const code = async (client: Client, name: string, ...args: unknown[]) => {
    const { ret_code, ret_note } = await ask(client, `londiste.${name}`, ...args);
    return [ret_code, ret_note];
  };
  const events = async (client: Client, queue: string) => {
    await tickNow(client, queue);
    return consume(client, queue, 'reader');
  };

  describe('A script', () => {
    test('goes from the root to all nodes, with its text, name and attributes', () =>
      atRoot(async (client, queue) => {
        const sql = `-- it's "new"\ncreate table shop.t (id int);`;
        expect(await code(client, 'execute_start', queue, '1.sql', sql, true, 'need-table=shop.x')).toEqual([
          200,
          'Executing: 1.sql',
        ]);
        expect(await code(client, 'execute_finish', queue, '1.sql')).toEqual([
          200,
          'Execute finished: 1.sql',
        ]);
        expect(await code(client, 'execute_start', queue, '2.sql', 'select 1', true)).toEqual([
          200,
          'Executing: 2.sql',
        ]);
        await demand(client, 'londiste.execute_finish', queue, '2.sql');
        expect(
          (await events(client, queue)).map((e) => [e.ev_type, e.ev_data, e.ev_extra1, e.ev_extra2]),
        ).toEqual([
          ['EXECUTE', sql, '1.sql', 'need-table=shop.x'],
          ['EXECUTE', 'select 1', '2.sql', null],
        ]);
      }));

    test('runs once on a node, whatever the queue', () =>
      atRoot(async (client, queue) => {
        const leaf = await makeFollower(client, 'leaf');
        await demand(client, 'londiste.execute_start', leaf, 'a.sql', 'select 1', false);
        await demand(client, 'londiste.execute_finish', leaf, 'a.sql');
        for (const name of [leaf, queue])
          expect(await code(client, 'execute_start', name, 'a.sql', 'select 1', false)).toEqual([
            201,
            'EXECUTE: "a.sql" already applied, skipping',
          ]);
        expect(
          await client.query(
            'select queue_name, execute_file, execute_sql, execute_attrs from londiste.applied_execute',
          ),
        ).toEqual([
          { queue_name: leaf, execute_file: 'a.sql', execute_sql: 'select 1', execute_attrs: null },
        ]);
      }));

    test('that two start at once is run by one; when that fails, by the other', () =>
      atRoot(async (client, queue) => {
        const start = (who: Client, file: string) => code(who, 'execute_start', queue, file, 's', true);
        for (const [file, end, expected] of [
          ['kept.sql', 'commit', 201],
          ['failed.sql', 'rollback', 200],
        ] as const) {
          await using other = await db.open();
          await other.client.query('begin');
          await start(other.client, file);
          const { pid } = (await client.first<{ pid: number }>('select pg_backend_pid() as pid')) ?? {};
          const waiting = start(client, file);
          await until('the second waits', async () => {
            const row = await other.client.first('select cardinality(pg_blocking_pids($1)) as n', [pid]);
            return row?.n === 1;
          });
          await other.client.query(end);
          expect((await waiting)[0]).toBe(expected);
        }
      }));

    test('is not sent by another node than the root, nor without a start', () =>
      atRoot(async (client, queue) => {
        const leaf = await makeFollower(client, 'leaf');
        expect(await code(client, 'execute_start', leaf, 'b.sql', 's', true)).toEqual([
          401,
          `Node is not root node: ${leaf}`,
        ]);
        expect(await code(client, 'execute_start', 'none', 'b.sql', 's', false)).toEqual([
          404,
          'No such queue: none',
        ]);
        expect(await code(client, 'execute_finish', 'none', 'b.sql')).toEqual([404, 'No such queue: none']);
        expect(await code(client, 'execute_finish', queue, 'b.sql')).toEqual([
          404,
          'execute_file called without execute_start',
        ]);
        for (const [file, sql] of [
          [null, 's'],
          ['b.sql', null],
        ])
          expect((await stateOf(code(client, 'execute_start', queue, file, sql, true)))?.[0]).toBe('TD001');
      }));
  });

  describe('A table that gets another handler', () => {
    const added = (args: string[] | null, work: (client: Client, queue: string) => Promise<void>) =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.t (id int primary key, v text)');
        await demand(client, 'londiste.local_add_table', queue, 'shop.t', args);
        await client.query(`insert into shop.t values (1, 'before')`);
        await work(client, queue);
      });
    const triggers = async (client: Client) =>
      (
        await client.query<{ name: string }>(
          `select tgname::text as name from pg_trigger where tgrelid = 'shop.t'::regclass and not tgisinternal order by 1`,
        )
      ).map(({ name }) => name);
    const attrs = async (client: Client, queue: string) =>
      (
        await client.first<{ attrs: string | null }>(
          'select table_attrs as attrs from londiste.get_table_list($1)',
          [queue],
        )
      )?.attrs;
    const change = (client: Client, queue: string, args: string[] | null, handler: string | null) =>
      code(client, 'local_change_handler', queue, 'shop.t', args, handler);

    test('goes from our capture to a row trigger and back, and each change is one event', () =>
      added(null, async (client, queue) => {
        const before = await triggers(client);
        expect(await change(client, queue, [`ev_extra4='x' || v`], 'handler=foobar')).toEqual([
          200,
          'Handler changed for table: shop.t',
        ]);
        expect(await triggers(client)).toEqual([`_londiste_${queue}`, `_londiste_${queue}_truncate`]);
        expect(await attrs(client, queue)).toBe('handler=foobar');
        await client.query(`insert into shop.t values (2, 'between')`);
        expect((await change(client, queue, [], ''))[0]).toBe(200);
        expect(await triggers(client)).toEqual(before);
        expect(await attrs(client, queue)).toBeNull();
        await client.query(`insert into shop.t values (3, 'after'); truncate shop.t`);
        const got = (await events(client, queue)).filter(({ ev_extra1 }) => ev_extra1 === 'shop.t');
        expect(got.map(({ ev_type, ev_data }) => `${ev_type} ${ev_data}`)).toEqual([
          'I:id id=1&v=before',
          'I:id id=2&v=between',
          'I:id id=3&v=after',
          'R ',
        ]);
        expect(got[1]?.ev_extra4).toBe('xbetween');
      }));

    test('loses a trigger with SKIP', () =>
      added(['tgflags=BI', 'SKIP'], async (client, queue) => {
        expect(await change(client, queue, ['tgflags=AIUDL'], null)).toEqual([
          200,
          'Handler changed for table: shop.t',
        ]);
        await client.query(`insert into shop.t values (2, 'kept')`);
        expect(await client.query('select id from shop.t')).toEqual([{ id: 2 }]);
        const got = (await events(client, queue)).filter(({ ev_extra1 }) => ev_extra1 === 'shop.t');
        expect(got.map((e) => e.ev_data)).toEqual(['id=1&v=before', 'id=2&v=kept']);
      }));

    test('may have no trigger any more, which checks of its triggers report', () =>
      added(['backup'], async (client, queue) => {
        expect(await change(client, queue, ['no_triggers'], 'a=1')).toEqual([
          200,
          'Table handler updated with no triggers: shop.t',
        ]);
        expect(await triggers(client)).toEqual([]);
        expect(await attrs(client, queue)).toBe('a=1&no_triggers=1');
        expect((await change(client, queue, [], 'a=1&no_triggers=1&b=2'))[0]).toBe(200);
        expect(await triggers(client)).not.toEqual([]);
        expect(await attrs(client, queue)).toBe('a=1&b=2');
      }));

    test('keeps its trigger if it cannot have the new one', () =>
      added(null, async (client, queue) => {
        const before = [await triggers(client), await attrs(client, queue)];
        await client.query('alter table shop.t drop constraint t_pkey');
        expect(await change(client, queue, ['backup'], 'handler=x')).toEqual([
          400,
          'Trigger creation failed for table shop.t: Primary key missing on table: shop.t',
        ]);
        expect([await triggers(client), await attrs(client, queue)]).toEqual(before);
        const other = (name: string, table: string) =>
          code(client, 'local_change_handler', name, table, null, null);
        expect(await other('none', 'shop.t')).toEqual([400, 'No such set: none']);
        expect(await other(queue, 'shop.none')).toEqual([404, 'no such local table: shop.none']);
      }));

    test('on a leaf stays guarded, also under another name', () =>
      db.client(async (client) => {
        const leaf = await makeFollower(client, 'leaf');
        await client.query('create table shop.dest (id int primary key)');
        await demand(client, 'londiste.global_add_table', leaf, 'shop.t');
        const args = [leaf, 'shop.t', [], null, 'shop.dest'];
        await demand(client, 'londiste.local_add_table', ...args);
        expect(await code(client, 'local_change_handler', leaf, 'shop.t', ['backup'], 'handler=x')).toEqual([
          200,
          'Handler changed for table: shop.t(shop.dest)',
        ]);
        expect((await stateOf(client.query('insert into shop.dest values (1)')))?.[0]).toBe('TD003');
      }));
  });

  test('The functions of a row trigger are known', () =>
    db.client(async (client) => {
      expect(
        await client.first(`select londiste.is_replica_func('pgq.logutriga()'::regprocedure) as row,
          londiste.is_replica_func('pgtide.deny()'::regprocedure) as other, londiste.is_replica_func(null) as none`),
      ).toEqual({ row: true, other: false, none: null });
    }));
});
