/** C1: several queues feed one table on one node: merge_all, combined queues, and the coordination of Londiste's copies. */
import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

const TABLE = 'shop.t';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(
        'drop schema if exists shop cascade; create schema shop; create table shop.t (id int primary key)',
      ),
    ),
  );

  /** Makes this database a node of a queue whose root, unless this is the root, is another node. */
  const node = async (client: Client, queue: string, type: 'root' | 'branch' | 'leaf', combined?: string) => {
    for (const name of ['far', 'here'])
      await demand(client, 'pgq_node.register_location', queue, name, `node:${name}`, false);
    const [provider, tick] = type === 'root' ? [null, null] : ['far', 100];
    await demand(
      client,
      'pgq_node.create_node',
      queue,
      type,
      'here',
      `${queue}_w`,
      provider,
      tick,
      combined ?? null,
    );
  };
  /** Creates the leaves p1 to p3 of queues that have the table, and removes all of them afterwards. */
  const withParts = (
    combined: 'root' | 'branch' | null,
    work: (client: Client, parts: string[], combined: string) => Promise<void>,
  ) =>
    db.client(async (client) => {
      const prefix = `q${randomBytes(3).toString('hex')}`;
      const all = `${prefix}_all`;
      const parts = [1, 2, 3].map((nr) => `${prefix}_p${nr}`);
      if (combined) await node(client, all, combined);
      for (const part of parts) {
        await node(client, part, 'leaf', combined ? all : undefined);
        await demand(client, 'londiste.global_add_table', part, TABLE);
      }
      await work(client, parts, all);
      for (const queue of [...parts, all]) await demand(client, 'pgq_node.drop_node', queue, 'here');
    });
  const add = async (client: Client, queue: string, args: string[] | null, attrs: string | null = null) => {
    const { ret_code, ret_note } = await ask(
      client,
      'londiste.local_add_table',
      queue,
      TABLE,
      args,
      attrs,
      null,
    );
    return [ret_code, ret_note];
  };
  const tableOf = async (client: Client, queue: string) => {
    const row = await client.first('select * from londiste.get_table_list($1)', [queue]);
    return row as { local: boolean; merge_state: string | null; copy_role: string | null; copy_pos: number };
  };
  const allOf = async (client: Client, queues: string[]) => {
    const rows = [];
    for (const queue of queues) rows.push(await tableOf(client, queue));
    return rows;
  };

  test('With merge_all a table follows all queues that have it, guarded for each', () =>
    withParts(null, async (client, parts) => {
      const [p1 = '', p2 = ''] = parts;
      expect(await add(client, p1, ['merge_all'], 'handler=x')).toEqual([200, `Table added: ${TABLE}`]);
      expect(await allOf(client, parts)).toMatchObject(
        parts.map(() => ({ local: true, merge_state: null, table_attrs: 'handler=x' })),
      );
      await demand(client, 'londiste.local_remove_table', p1, TABLE);
      expect((await stateOf(client.query('insert into shop.t values (1)')))?.[1]).toContain(p2);
    }));

  test('An unclear request is refused, and nothing changes', () =>
    withParts(null, async (client, parts) => {
      const [p1 = '', p2 = '', p3 = ''] = parts;
      const before = await allOf(client, parts);
      expect(await add(client, p1, ['merge_all', 'no_merge'])).toEqual([
        405,
        'Cannot use merge-all and no-merge together',
      ]);
      expect(await add(client, p1, null)).toEqual([
        405,
        `Found multiple sources for table ${TABLE}, use merge-all or no-merge to continue`,
      ]);
      expect(await allOf(client, parts)).toEqual(before);
      await client.query('insert into shop.t values (1)');
      expect((await add(client, p2, ['no_merge']))[0]).toBe(200);
      const one = await allOf(client, parts);
      expect(one.map(({ local }) => local)).toEqual([false, true, false]);
      for (const args of [['merge_all'], null])
        expect(await add(client, p3, args)).toEqual([
          405,
          `Found local table ${TABLE} in queue ${p2}, use remove-table first to remove all previous table subscriptions`,
        ]);
      expect(await allOf(client, parts)).toEqual(one);
    }));

  test('Where nothing is copied, all queues are followed at once, and a copy under way is left alone', () =>
    withParts(null, async (client, parts) => {
      const [p1 = '', p2 = '', p3 = ''] = parts;
      await add(client, p1, ['no_merge']);
      await demand(client, 'londiste.local_set_table_state', p1, TABLE, null, 'in-copy');
      await demand(client, 'londiste.local_set_table_struct', p1, TABLE, 'select 1');
      expect((await add(client, p2, ['expect_sync']))[0]).toBe(200);
      expect(await allOf(client, [p1, p2, p3])).toMatchObject([
        { local: true, merge_state: 'in-copy', dropped_ddl: 'select 1' },
        { local: true, merge_state: 'ok' },
        { local: true, merge_state: 'ok' },
      ]);
    }));

  test('A combined queue gets the table, too: copied for a root, ok at once for a branch', async () => {
    await withParts('root', async (client, parts, combined) => {
      expect(await tableOf(client, combined)).toMatchObject({ local: false });
      expect((await add(client, parts[0] ?? '', ['merge_all'], 'a=1'))[0]).toBe(200);
      expect(await tableOf(client, combined)).toMatchObject({
        local: true,
        merge_state: 'ok',
        table_attrs: 'a=1',
      });
      expect(await allOf(client, parts)).toMatchObject(parts.map(() => ({ local: true, merge_state: null })));
    });
    await db.client((client) => client.query('create table if not exists shop.t (id int primary key)'));
    await withParts('branch', async (client, parts, combined) => {
      expect((await add(client, parts[1] ?? '', null))[0]).toBe(200);
      expect(await allOf(client, parts)).toMatchObject(parts.map(() => ({ local: true, merge_state: 'ok' })));
      expect(await tableOf(client, combined)).toMatchObject({ local: true, merge_state: null });
    });
  });

  test('A combined queue that cannot have the table keeps all of them from it', () =>
    withParts('root', async (client, parts, combined) => {
      await client.query('alter table shop.t drop constraint t_pkey');
      const before = await allOf(client, parts);
      expect((await add(client, parts[0] ?? '', ['merge_all', 'backup']))[0]).toBe(400);
      expect(await allOf(client, parts)).toEqual(before);
      expect(await tableOf(client, combined)).toMatchObject({ local: false });
    }));

  test('A queue whose root is here does not feed the table, and is not changed', () =>
    withParts(null, async (client, parts) => {
      const own = `${parts[0]}_own`;
      await node(client, own, 'root');
      await demand(client, 'londiste.local_add_table', own, TABLE);
      expect((await add(client, parts[0] ?? '', ['merge_all']))[0]).toBe(200);
      expect(await tableOf(client, own)).toMatchObject({ local: true, merge_state: 'ok' });
      await demand(client, 'pgq_node.drop_node', own, 'here');
    }));

  test('A virtual table is merged without triggers', () =>
    withParts('root', async (client, parts, combined) => {
      await client.query('drop table shop.t');
      expect(await add(client, parts[0] ?? '', ['merge_all', 'virtual_table'], 'handler=vtable')).toEqual([
        200,
        `Table added with no triggers: ${TABLE}`,
      ]);
      expect(await allOf(client, [...parts, combined])).toMatchObject(
        [1, 2, 3, 4].map(() => ({ local: true, merge_state: 'ok' })),
      );
    }));

  test('The first queue leads the copies, the others wait for what it drops and restores', () =>
    withParts(null, async (client, parts) => {
      const [p1 = '', p2 = '', p3 = ''] = parts;
      await add(client, p1, ['merge_all']);
      const set = (queue: string, state: string | null) =>
        demand(client, 'londiste.local_set_table_state', queue, TABLE, null, state);
      const struct = (queue: string, ddl: string | null) =>
        demand(client, 'londiste.local_set_table_struct', queue, TABLE, ddl);
      const roles = async () =>
        (await allOf(client, parts)).map(({ copy_role, copy_pos }) => [copy_role, copy_pos]);
      for (const part of parts) await set(part, 'in-copy');
      expect(await roles()).toEqual([
        ['lead', 0],
        ['wait-copy', 1],
        ['wait-copy', 2],
      ]);
      await struct(p1, 'create index');
      expect(await roles()).toEqual([
        ['lead', 0],
        ['wait-replay', 1],
        ['wait-replay', 2],
      ]);
      await set(p2, 'catching-up');
      await set(p1, 'catching-up');
      expect(await roles()).toEqual([
        ['wait-replay', 0],
        ['wait-replay', 0],
        ['wait-replay', 0],
      ]);
      await set(p3, 'catching-up');
      expect(await roles()).toEqual([
        [null, 0],
        ['wait-replay', 0],
        ['wait-replay', 0],
      ]);
      await struct(p1, null);
      expect(await roles()).toEqual([
        [null, 0],
        [null, 0],
        [null, 0],
      ]);
      // A copy that begins later copies with the indexes in place, and does not lead.
      await set(p1, 'in-copy');
      expect(await roles()).toEqual([
        ['wait-replay', 0],
        [null, 0],
        [null, 0],
      ]);
      await set(p2, 'ok');
      await set(p3, 'ok');
      expect((await roles())[0]).toEqual([null, 0]);
    }));
});
