/**
 * Functions that an upgrade has no use for: what runs while the upgrade commits still finds them, and they are dropped as soon as no
 * open transaction can call them. What depends on them, and rights on functions that are replaced, are not lost silently.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { install } from '../../lib/install/install-schemas.ts';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const bookkeeping = sqlFiles().get('pgtide/install.sql') ?? '';
const tables = 'create schema pgq; create table pgq.thing (id int primary key);';

const returns = (name: string, result: string, type = 'text') => [
  `pgq/functions/pgq.${name}.sql`,
  `create or replace function pgq.${name}() returns ${type} language plpgsql as $$ begin return ${result}; end $$;`,
];

const filesWith = (...functions: string[][]) =>
  new Map([
    ['pgtide/install.sql', bookkeeping],
    ['pgq/tables.sql', tables],
    ...functions.map(([path = '', text = '']) => [path, text] as const),
  ]);

/** The call waits for lock 7 between its start and the call of its helper. */
const calls = (helper: string) => [
  'pgq/functions/pgq.called.sql',
  `create or replace function pgq.called() returns text language plpgsql as $$
     begin perform pg_advisory_xact_lock_shared(7); return pgq.${helper}(); end $$;`,
];

const earlier = filesWith(calls('old_helper'), returns('old_helper', `'old'`));
const later = filesWith(calls('new_helper'), returns('new_helper', `'new'`));

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = await createDatabase(await postgres(version));
    await db.client((client) => install(client, { files: earlier }));
  });

  const functions = () =>
    db.client(async (client) => {
      const rows = await client.query<{ name: string; comment: string | null }>(
        `select proname::text as name, obj_description(oid, 'pg_proc') is not null as comment from pg_proc
          where pronamespace = 'pgq'::regnamespace order by 1`,
      );
      return rows.map(({ name, comment }) => (comment ? `${name}, marked` : name));
    });

  test('a call that runs while an upgrade commits finds the functions that it calls', async () => {
    await using gate = await db.open();
    await using application = await db.open();
    await gate.client.query('select pg_advisory_lock(7)');
    const call = application.client.first<{ called: string }>('select pgq.called()');
    await until(
      'the call waits',
      async () =>
        (
          await gate.client.query(`select 1 from pg_locks where locktype = 'advisory' and not granted
             and database = (select oid from pg_database where datname = current_database())`)
        ).length > 0,
    );
    const upgrade = db.client((client) => install(client, { files: later, waitMs: 600_000 }));
    await until('the upgrade has committed', async () => (await functions()).includes('new_helper'));
    expect(await functions()).toEqual(['called', 'new_helper', 'old_helper, marked']);
    await gate.client.query('select pg_advisory_unlock(7)');
    expect(await call).toEqual({ called: 'old' });
    expect((await upgrade).retired).toEqual([]);
    expect(await functions()).toEqual(['called', 'new_helper']);
  });

  test('a transaction that stays open keeps them until the next installation', async () => {
    await using application = await db.open();
    await application.client.query('begin');
    await application.client.query('select 1');
    const upgrade = await db.client((client) => install(client, { files: later, waitMs: 0 }));
    expect(upgrade).toMatchObject({ upgraded: ['pgq'], retired: ['pgq.old_helper()'] });
    expect((await db.client((client) => install(client, { files: later, waitMs: 0 }))).retired).toEqual([
      'pgq.old_helper()',
    ]);
    await application.client.query('commit');
    expect(await db.client((client) => install(client, { files: later }))).toMatchObject({
      upgraded: [],
      retired: [],
    });
    expect(await functions()).toEqual(['called', 'new_helper']);
  });

  test('a function that a release has again is not dropped', async () => {
    await using application = await db.open();
    await application.client.query('begin');
    await application.client.query('select 1');
    await db.client((client) => install(client, { files: later, waitMs: 0 }));
    await db.client((client) => install(client, { files: earlier, waitMs: 0 }));
    await application.client.query('commit');
    await db.client((client) => install(client, { files: earlier }));
    expect(await functions()).toEqual(['called', 'old_helper']);
  });

  test('a function that a view uses stays, and the others are dropped', async () => {
    const more = filesWith(calls('old_helper'), returns('old_helper', `'old'`), returns('another', `'old'`));
    await db.client(async (client) => {
      await install(client, { files: more });
      await client.query('create view public.uses as select pgq.another() as answer');
      const upgrade = await install(client, { files: later });
      expect(upgrade.retired).toEqual(['pgq.another()']);
      expect(await client.query('select * from public.uses')).toEqual([{ answer: 'old' }]);
      await client.query('drop view public.uses');
      expect((await install(client, { files: later })).retired).toEqual([]);
    });
  });

  test('a function of a user is never dropped, whatever its comment', async () => {
    await using application = await db.open();
    await application.client.query('begin; select 1');
    await db.client((client) => install(client, { files: later, waitMs: 0 }));
    await application.client.query('commit');
    await db.client(async (client) => {
      await client.query(`create function public.own() returns int language sql as 'select 1';
        do $$ begin execute format('comment on function public.own() is %L',
          (select obj_description('pgq.old_helper()'::regprocedure, 'pg_proc'))); end $$`);
      expect((await install(client, { files: later })).retired).toEqual([]);
      expect(await client.query('select public.own() as answer')).toEqual([{ answer: 1 }]);
    });
    expect(await functions()).toEqual(['called', 'new_helper']);
  });

  test('a function with another result keeps the rights on it, and is not replaced below a view', async () => {
    const number = filesWith(calls('old_helper'), returns('old_helper', '1', 'int'));
    const user = 'user_of_old_helper';
    await createRole(db.server, user);
    await db.client(async (client) => {
      await client.query(`grant usage on schema pgq to ${user}`);
      await client.query(`revoke execute on function pgq.old_helper() from public`);
      await client.query(`grant execute on function pgq.old_helper() to ${user} with grant option`);
      const rights = () =>
        client.query(
          `select proacl::text as acl, pg_get_function_result(oid) as result from pg_proc where oid = 'pgq.old_helper()'::regprocedure`,
        );
      const [before] = (await rights()) as [{ acl: string }];
      await client.query('create view public.uses as select pgq.old_helper() as answer');
      await expect(install(client, { files: number })).rejects.toMatchObject({
        kind: 'state',
        message: expect.stringMatching(
          /the upgrade replaces pgq\.old_helper\(\), on which rule _RETURN on view public\.uses depends$/,
        ),
        remedy: expect.stringContaining('nothing was changed'),
      });
      await client.query('drop view public.uses');
      await install(client, { files: number });
      expect(await rights()).toEqual([{ acl: before.acl, result: 'integer' }]);
    });
  });
});
