/**
 * C1: a database that already has the real extensions, with their C code, keeps them. pgtide adds only its own schemas, and
 * replicates from and to such a database. Needs Debian's PostgreSQL 15 with PgQ's extensions; skipped, with a message, if
 * they are missing.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PgtideError } from '../../lib/errors.ts';
import { install as installSql } from '../../lib/install/install-schemas.ts';
import { uninstall } from '../../lib/install/uninstall.ts';
import { compareInput, compareWith } from '../../lib/units/compare.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { status } from '../../lib/units/status.ts';
import { userObjects } from '../support/catalog.ts';
import { createDatabase, ownServer, postgres, type TestDatabase } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual } from '../support/oracle.ts';
import { cascade } from '../support/unit-context.ts';

const programs = '/usr/lib/postgresql/15';
const extensions = ['pgq', 'pgq_node', 'londiste'];
const missing = [
  `${programs}/bin/postgres`,
  ...extensions.map((name) => `/usr/share/postgresql/15/extension/${name}.control`),
].filter((path) => !existsSync(path));
if (missing.length > 0)
  console.log("skipped: PgQ's extensions (test/support/install-peers.sh would bring them)");

/** The same database, used by its superuser, as databases with C extensions are. */
function asSuperuser(db: TestDatabase): TestDatabase {
  const { superuser } = db.server;
  return {
    ...db,
    target: db.targetAs(superuser),
    url: db.url.replace(/\/\/[^:]+:/, `//${superuser}:`),
    client: db.superuser,
  };
}

describe.skipIf(missing.length > 0)('with the real extensions', () => {
  let debian: Awaited<ReturnType<typeof ownServer>>;
  beforeAll(async () => {
    debian = await ownServer({ version: 15, programs });
  });

  async function real(names: readonly string[]): Promise<TestDatabase> {
    const db = await createDatabase(debian, { owner: 'app' });
    for (const name of names) await db.superuser((client) => client.query(`create extension ${name}`));
    return asSuperuser(db);
  }

  async function plain(): Promise<TestDatabase> {
    return createDatabase(await postgres(17));
  }

  /** Functions and tables of the extensions, and the transactions that wrote them. */
  const untouched = (db: TestDatabase, names: readonly string[]) =>
    db.superuser((client) =>
      client.query(
        `select p.oid::regprocedure::text as name, p.xmin::text from pg_proc p
          where p.pronamespace in (select oid from pg_namespace where nspname = any ($1)) order by 1`,
        [names],
      ),
    );

  async function replicates(root: TestDatabase, leaf: TestDatabase): Promise<void> {
    const shop = cascade('shop', { old: root, new: leaf });
    const both = async (sql: string) => {
      for (const db of [root, leaf]) await db.client((client) => client.query(sql));
    };
    const it = { old: root, new: leaf, shop, both };
    await install(shop.context('old'), {});
    const again = await install(shop.context('old'), {});
    expect(again.result.nodes.map(({ done }) => done)).toEqual([[], []]);
    await both(`create table customer (id int primary key, name text);
      create table orders (id serial primary key, customer int references customer, note text)`);
    await root.client((client) =>
      client.query(`insert into customer select i, 'c' || i from generate_series(1, 50) i;
        insert into orders (customer, note) select i, 'n' from generate_series(1, 50) i`),
    );
    await addTables(it, ['customer', 'orders']);
    await followUntilSynced(it);
    await root.client(async (client) => {
      await client.query(
        `insert into customer values (100, 'new'); insert into orders (customer, note) values (100, null)`,
      );
      await client.query(
        `update customer set id = 101 where id = 100 and false; update orders set note = 'u' where id % 2 = 0`,
      );
      await client.query('delete from orders where id < 10; delete from customer where id < 10');
    });
    await replayAll(it);
    await maintain(shop.context('old'));
    await replayAll(it);
    await expectEqual(root, leaf, ['customer', 'orders']);
    const compared = await compareWith({ drive: () => replayAll(it) })(
      shop.context('old'),
      compareInput.parse({}),
    );
    expect(compared.result).toMatchObject({ equal: true, notSynced: [] });
    const { result } = await status(shop.context('old'), {});
    expect(result).toMatchObject({ healthy: true });
    await root.client((client) => client.query('truncate orders'));
    await replayAll(it);
    await expectEqual(root, leaf, ['orders']);
    await removeTable(shop.context('old'), removeTableInput.parse({ tables: ['orders'], now: true }));
    for (const [db, node] of [
      [leaf, 'new'],
      [root, 'old'],
    ] as const)
      await db.client((client) => client.query(`select * from pgq_node.drop_node('shop', '${node}')`));
    for (const db of [root, leaf])
      expect(
        await db.client((client) =>
          client.query(`select tgrelid::regclass::text, tgname from pg_trigger
            where tgrelid in ('orders'::regclass, 'customer'::regclass) and not tgisinternal`),
        ),
      ).toEqual([]);
  }

  test('from there, by another role, with the rights that the refusal names', async () => {
    const db = await createDatabase(debian, { owner: 'app' });
    await db.superuser((client) => client.query('create extension pgq'));
    const refusal = await db.client(installSql).catch((error: PgtideError) => error);
    const { kind, remedy = '' } = refusal as PgtideError;
    expect([kind, remedy]).toEqual([
      'privilege',
      expect.stringMatching(/^as postgres, run: grant pgq_admin/),
    ]);
    await db.superuser((client) => client.query(remedy.replace(/.*run: /, '')));
    await replicates(db, await plain());
  });

  test('a role that does not own them is refused', async () => {
    const db = await createDatabase(debian, { owner: 'app' });
    await db.superuser((client) =>
      client.query('create extension pgq; create extension pgq_node; grant pgq_admin to app'),
    );
    await expect(db.client(installSql)).rejects.toMatchObject({ kind: 'privilege' });
  });

  test('uninstalling leaves them as they were, with nothing of ours on their tables', async () => {
    const db = await real(extensions);
    await db.client(async (client) => {
      const before = await userObjects(client);
      await installSql(client);
      expect(
        await client.query(`select 1 from pg_trigger where tgname in ('leave_table', 'dead_letter_divert')`),
      ).toHaveLength(2);
      await uninstall(client);
      expect(await userObjects(client)).toEqual(before);
    });
  });

  test("tables that Londiste's own SQL put on the queue, with its triggers in C, are copied and followed", async () => {
    const [root, leaf] = [await real(extensions), await plain()];
    const shop = cascade('shop', { old: root, new: leaf });
    await install(shop.context('old'), {});
    const it = { old: root, new: leaf, shop, both: async () => undefined };
    const tables = ['by_url', 'by_sql', 'by_json'];
    for (const db of [root, leaf])
      await db.client((client) =>
        client.query(
          tables
            .map(
              (
                t,
              ) => `create table ${t} (id int, "k ey" text, "c,%" text, n numeric, ok bool, a text[], j jsonb, b bytea,
                at timestamptz, primary key ("k ey", id));`,
            )
            .join(''),
        ),
      );
    const change = (n: number) =>
      root.client((client) =>
        client.query(
          tables
            .map(
              (
                t,
              ) => `insert into ${t} select ${n} * 100 + i, 'k=&' || i, 'it''s \\ %41 & "é" €' || chr(10), i / 3.0, i % 2 = 0, array['', null, '"'],
                  '{"a": "\\"'' "}', '\\x00ff', '2020-01-01' from generate_series(1, 20) i;
                update ${t} set n = n + 1 where id % 3 = 0; update ${t} set "c,%" = '' where id % 4 = 0; update ${t} set ok = null, j = 'null' where id % 5 = 0;
                delete from ${t} where id % 7 = ${n}; update ${t} set n = n where id % 8 = 0;`,
            )
            .join(''),
        ),
      );
    await root.client(async (client) => {
      for (const [table, flags] of [
        ['by_url', 'tgflags=L'],
        ['by_sql', 'tgflags=Q'],
        ['by_json', 'tgflags=J'],
      ])
        await demand(client, 'londiste.local_add_table', 'shop', `public.${table}`, [flags, 'backup']);
    });
    await change(1);
    await addTables(it, tables);
    await change(2);
    await followUntilSynced(it);
    await change(3);
    await replayAll(it);
    await expectEqual(root, leaf, tables);
    expect(
      await root.client((client) =>
        client.query(`select distinct p.proname::text as name, l.lanname::text as language from pg_trigger t
          join pg_proc p on p.oid = t.tgfoid join pg_language l on l.oid = p.prolang where t.tgname = '_londiste_shop' order by 1`),
      ),
    ).toEqual(['jsontriga', 'logutriga', 'sqltriga'].map((name) => ({ name, language: 'c' })));
    await root.client((client) => client.query(`truncate ${tables.join(', ')}`));
    await change(4);
    await replayAll(it);
    await expectEqual(root, leaf, tables);
  });

  describe.each([[['pgq']], [['pgq', 'pgq_node']], [['pgq', 'pgq_node', 'londiste']]])('%j', (names) => {
    test('from there', async () => {
      const db = await real(names);
      const before = await untouched(db, names);
      await replicates(db, await plain());
      expect(await untouched(db, names)).toEqual(before);
    });

    test('into there', async () => {
      await replicates(await plain(), await real(names));
    });
  });
});
