/**
 * The installer: it works as a plain owner, all or nothing; a second run changes nothing, an upgrade gives the same as an
 * installation, and uninstalling leaves nothing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { requireInstalled } from '../../lib/install/installed-schema.ts';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import { uninstall } from '../../lib/install/uninstall.ts';
import { userObjects } from '../support/catalog.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { demand, makeFollower, makeRoot } from '../support/node.ts';
import { withOthers } from '../support/versions.ts';

const bookkeeping = sqlFiles().get('pgtide/install.sql') ?? '';

/** A small substitute for pgtide's own files, in its first and second release. */
const firstRelease = new Map([
  ['pgtide/install.sql', bookkeeping],
  ['pgq/tables.sql', 'create schema pgq; create table pgq.thing (id int primary key, a int);'],
  [
    'pgq/functions/pgq.count.sql',
    `create or replace function pgq.count(out things bigint) language sql as 'select count(*) from pgq.thing';
     create or replace function pgq.count(i_min int, out things bigint) language sql
     as 'select count(*) from pgq.thing where id >= i_min';`,
  ],
  [
    'pgq/functions/pgq.old.sql',
    `create or replace function pgq.old() returns trigger language plpgsql as 'begin return new; end';`,
  ],
  [
    'pgq/triggers/thing.sql',
    `drop trigger if exists thing_old on pgq.thing;
     create trigger thing_old before insert on pgq.thing for each row execute procedure pgq.old();`,
  ],
  ['pgq/grants.sql', 'grant usage on schema pgq to public;'],
]);

const secondRelease = new Map([
  ['pgtide/install.sql', bookkeeping],
  ['pgq/tables.sql', 'create schema pgq; create table pgq.thing (id int primary key, a int, b int);'],
  ['migrations/pgq/1-2.sql', 'alter table pgq.thing add b int;'],
  [
    'pgq/functions/pgq.count.sql',
    `create or replace function pgq.count(i_least int, out things bigint, out sum bigint) language sql
     as 'select count(*), sum(b) from pgq.thing where id >= i_least';`,
  ],
  ['pgq/triggers/thing.sql', 'drop trigger if exists thing_old on pgq.thing;'],
]);

function describeSchema(client: Client): Promise<unknown[]> {
  return client.query(`
    select 'column' as what, attrelid::regclass::text as name, attname::text as part from pg_attribute
     where attnum > 0 and attrelid in (select oid from pg_class where relnamespace = 'pgq'::regnamespace)
    union all
    select 'function', oid::regprocedure::text, pg_get_function_result(oid) from pg_proc
     where pronamespace = 'pgq'::regnamespace
    union all
    select 'trigger', tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal
    order by 1, 2, 3`);
}

describe.each(withOthers([10, 14, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version));
  });

  test('a plain owner installs it, a second time changes nothing, and uninstalling leaves nothing', async () => {
    await db.client(async (client) => {
      await client.query('create table public.own (id int primary key)');
      const before = await userObjects(client);
      const first = await install(client);
      expect(first.installed).toContain('pgtide');
      const installed = await userObjects(client, true);
      expect(await requireInstalled(client)).toBe(true);
      expect(await install(client)).toMatchObject({ installed: [], upgraded: [] });
      expect(await userObjects(client, true)).toEqual(installed);
      const forced = await install(client, { force: true });
      expect(forced).toMatchObject({ installed: [], upgraded: first.installed });
      expect((await userObjects(client)).length).toBe(installed.length);
      await uninstall(client);
      expect(await userObjects(client)).toEqual(before);
    });
  });

  test('an upgrade equals an installation, and leaves generated functions alone', async () => {
    await db.client(async (client) => {
      await install(client, { files: secondRelease });
      const fresh = await describeSchema(client);
      await uninstall(client);
      await install(client, { files: firstRelease });
      const upgraded = await install(client, { files: secondRelease });
      expect(upgraded).toMatchObject({ installed: [], upgraded: ['pgq'] });
      expect(await describeSchema(client)).toEqual(fresh);
      await client.query(`create function pgq.generated() returns int language sql as 'select 1'`);
      await install(client, { files: secondRelease, force: true });
      expect(await client.query('select pgq.generated()')).toHaveLength(1);
      await uninstall(client);
    });
  });
});

test('what a superuser or a member of the owner upgrades stays the owner’s', async () => {
  const database = await createDatabase(await postgres(17), { installed: true });
  await createRole(database.server, 'installer_member');
  await database.client((client) =>
    client.query(`select pgq.create_queue('shop'); create table t (id int primary key, n int);
      select pgtide.create_capture('shop', 't'::regclass, 'public.t')`),
  );
  await database.superuser((client) => client.query(`grant ${database.owner} to installer_member`));
  for (const user of [database.server.superuser, 'installer_member']) {
    await database.client((client) =>
      client.query('drop function pgtide._look_mode(oid), pgtide._look_problem(oid), pgq._put_event'),
    );
    await using installer = await database.open(user);
    await install(installer.client, { force: true });
    await database.client(async (client) => {
      expect(
        await client.query(
          `select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('pgq', 'pgq_node', 'londiste', 'pgtide') and p.proowner <> n.nspowner`,
        ),
      ).toEqual([]);
      await client.query('alter table t add c int; insert into t values (1, 1); delete from t; truncate t');
      await client.query(`alter table t drop c; select pgq.create_queue('later'), pgq.drop_queue('later')`);
    });
  }
  // Captures for whose role the owner may not act, such as those that a superuser created.
  for (const schema of ['pgq', 'pgq_coop', 'pgq_ext', 'pgq_node', 'londiste', 'pgtide'])
    await database.superuser((client) =>
      client.query(`create function ${schema}.capture_9_9() returns trigger language plpgsql as 'begin return null; end';
        revoke all on function ${schema}.capture_9_9() from public`),
    );
  await database.client((client) => install(client, { force: true }));
  await database.superuser((client) => client.query(`revoke ${database.owner} from installer_member`));
});

test('uninstalling a database in use leaves the tables of its users, and no trigger on them', async () => {
  const db = await createDatabase(await postgres(17));
  await db.client(async (client) => {
    await client.query(`create table followed (id int primary key); create table guarded (id int primary key);
      create table logged (id int primary key); insert into logged values (1)`);
    const before = await userObjects(client);
    await install(client);
    await makeRoot(client);
    const root = await makeRoot(client);
    await demand(client, 'londiste.local_add_table', root, 'public.followed');
    const leaf = await makeFollower(client, 'leaf');
    await demand(client, 'londiste.global_add_table', leaf, 'public.guarded');
    await demand(client, 'londiste.local_add_table', leaf, 'public.guarded');
    await client.query(
      `create trigger log after insert on logged for each row execute procedure pgq.sqltriga('${root}')`,
    );
    await client.query(`insert into logged values (2); insert into followed values (3)`);
    await client.query(`select pgq.register_consumer('${root}', 'c'), pgq.ticker()`);
    await expect(uninstall(client)).rejects.toMatchObject({ kind: 'state' });
    await uninstall(client, { force: true });
    expect(await userObjects(client)).toEqual(before);
    await client.query(
      `insert into followed values (4); insert into guarded values (5); insert into logged values (6)`,
    );
    expect(await client.query('table logged')).toHaveLength(3);
  });
});

describe('it refuses', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(17));
  });

  test('a role that may not create schemas, with the GRANT that helps', async () => {
    await createRole(db.server, 'app user');
    await using guest = await db.open('app user');
    await expect(install(guest.client)).rejects.toMatchObject({
      kind: 'privilege',
      remedy: expect.stringContaining(`grant create on database "${db.name}" to "app user"`),
    });
    await db.client((client) => client.query(`grant create on database ${db.name} to "app user"`));
    expect((await install(guest.client)).installed).toContain('pgtide');
    await expect(db.client((client) => uninstall(client))).rejects.toMatchObject({
      kind: 'privilege',
      remedy: expect.stringContaining('grant "app user" to "app"'),
    });
    await uninstall(guest.client);
  });

  test("somebody else's schema of the same name", async () => {
    await db.client(async (client) => {
      await client.query('create schema pgq; create table pgq.mine (id int)');
      await expect(install(client, { files: firstRelease })).rejects.toMatchObject({ kind: 'state' });
      await client.query('drop schema pgq cascade');
    });
  });

  test('a database that a newer release wrote', async () => {
    await db.client(async (client) => {
      await install(client, { files: secondRelease });
      await expect(install(client, { files: firstRelease })).rejects.toMatchObject({
        kind: 'state',
        message: expect.stringContaining('version 2'),
      });
      await client.query(`update pgtide.schema_version set release = '999.0.0'`);
      await expect(install(client, { files: secondRelease })).rejects.toMatchObject({
        kind: 'state',
        remedy: 'use pgtide 999.0.0 or newer',
      });
      await uninstall(client);
      await expect(requireInstalled(client)).rejects.toMatchObject({
        kind: 'state',
        remedy: 'run: pgtide init',
      });
    });
  });

  test('a broken file, which it names, and changes nothing', async () => {
    await db.client(async (client) => {
      const before = await userObjects(client);
      const files = new Map([...firstRelease, ['pgq/functions/pgq.bad.sql', 'create function pgq.bad(']]);
      await expect(install(client, { files })).rejects.toThrow('sql/pgq/functions/pgq.bad.sql');
      expect(await userObjects(client)).toEqual(before);
    });
  });

  test('to uninstall while there are nodes, unless forced', async () => {
    await db.client(async (client) => {
      await install(client, { files: firstRelease });
      await client.query(`create schema pgq_node; create table pgq_node.node_info (queue_name text);
        insert into pgq_node.node_info values ('shop')`);
      await expect(uninstall(client)).rejects.toMatchObject({
        kind: 'state',
        message: expect.stringContaining('shop'),
      });
      expect(await uninstall(client, { force: true })).toEqual(['pgtide', 'pgq']);
      await client.query('drop schema pgq_node cascade');
    });
  });
});

test('two installers at once: one installs, the other finds it done', async () => {
  const db = await createDatabase(await postgres(17));
  const results = await Promise.all([db.client((c) => install(c)), db.client((c) => install(c))]);
  const installed = results.map((result) => result.installed.length).sort((a, b) => a - b);
  expect(installed[0]).toBe(0);
  expect(installed[1]).toBeGreaterThan(0);
});

test('a schema that came as a real extension is used as it is', async () => {
  const db = await createDatabase(await postgres(17));
  await db.superuser((client) =>
    client.query(`set allow_system_table_mods = on; create schema pgq; create table pgq.queue (); grant usage on schema pgq to public;
      insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
      select 99999, 'pgq', 10, oid, false, '3.5' from pg_namespace where nspname = 'pgq'`),
  );
  await db.client(async (client) => {
    const result = await install(client, { files: firstRelease });
    expect(result).toMatchObject({ installed: [], skipped: ['pgq'] });
    await uninstall(client);
    expect(await client.first(`select to_regclass('pgq.queue')::text as there`)).toEqual({
      there: 'pgq.queue',
    });
  });
});
