/**
 * The role as which rows of a subscriber's table are written: its owner, unless that is the role that replicates, or a
 * superuser.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { PLAIN_OWNER } from '../support/shared-servers.ts';

const OTHER = 'other_table_runner';
const THIRD = 'third_table_runner';
const RUNNER = expect.stringMatching(/^pgtide\.run_as_[0-9a-f]{32}$/);

describe.each([10, 14, 18])('on PostgreSQL %i', (version) => {
  let database: TestDatabase;

  const asOther = (sql: string) =>
    withClient(database.targetAs(OTHER), 'test', (client) =>
      client.query(`set search_path = theirs; ${sql}`),
    );
  const change = (sql: string) => database.superuser((client) => client.query(sql));
  const runner = async (table: string): Promise<unknown> =>
    database.client(async (client) => {
      const [row] = await client.query('select pgtide.table_runner($1::text::regclass) as runner', [
        `theirs.${table}`,
      ]);
      return row?.runner;
    });

  beforeAll(async () => {
    const server = await postgres(version);
    database = await createDatabase(server, { installed: true });
    for (const role of [OTHER, THIRD]) await createRole(server, role);
    await change(
      `grant ${OTHER} to ${PLAIN_OWNER}; create schema theirs authorization ${OTHER}; grant usage on schema theirs to public`,
    );
  });

  it('needs the owner, and refuses one for whom the role may not act', async () => {
    await asOther('create table t (id int)');
    expect(await runner('t')).toEqual(RUNNER);
    for (const owner of [PLAIN_OWNER, 'postgres']) {
      await change(`alter table theirs.t owner to ${owner}; grant select on theirs.t to ${PLAIN_OWNER}`);
      expect(await runner('t')).toBeNull();
    }
    await change(`alter table theirs.t owner to ${THIRD}; grant all on theirs.t to public`);
    await expect(runner('t')).rejects.toMatchObject({
      message: expect.stringContaining(
        `code of role ${THIRD} would run with the rights of role ${PLAIN_OWNER}`,
      ),
      remedy: expect.stringContaining(`grant ${THIRD} to ${PLAIN_OWNER}`),
    });
  });

  it('refuses partitions and children of other owners, and row security that is forced upon the owner', async () => {
    await asOther(`create table parent (id int); create table child () inherits (parent);
      create table parted (id int) partition by range (id); create table part partition of parted for values from (0) to (9);
      create table forced (id int); alter table forced enable row level security, force row level security`);
    for (const table of ['parent', 'parted']) expect(await runner(table)).toEqual(RUNNER);
    await change(
      `alter table theirs.child owner to ${THIRD}; alter table theirs.parted owner to ${PLAIN_OWNER}`,
    );
    for (const table of ['parent', 'parted'])
      await expect(runner(table)).rejects.toMatchObject({ remedy: expect.stringContaining('one owner') });
    await expect(runner('forced')).rejects.toMatchObject({
      remedy: expect.stringContaining('no force row level security'),
    });
  });

  it('creates a runner again that its owner has altered, also if something depends on it', async () => {
    await asOther('create table altered (id int)');
    const name = String(await runner('altered'));
    const signature = `${name}(text, bigint, tid[])`;
    await change(`grant usage on schema pgtide to ${OTHER}`);
    await asOther(`create view kept as select ${name}('select 1', null, null) as n`);
    for (const setting of [
      'security invoker',
      'set search_path = theirs',
      'reset all',
      `set work_mem = '1MB'`,
      `set role = '${OTHER}'`,
    ]) {
      await asOther(`alter function ${signature} ${setting}`);
      expect(await runner('altered')).toBe(name);
      expect(
        await database.client((client) =>
          client.query(
            `select prosecdef, proconfig, proowner::regrole::text as owner, has_function_privilege('${THIRD}', oid, 'execute') as for_all
               from pg_proc where oid = $1::text::regprocedure`,
            [signature],
          ),
        ),
      ).toEqual([
        { prosecdef: true, proconfig: ['search_path=pg_catalog, pg_temp'], owner: OTHER, for_all: false },
      ]);
    }
    expect(
      await database.client((client) =>
        client.query(`select has_schema_privilege('${OTHER}', 'pgtide', 'create') as creates`),
      ),
    ).toEqual([{ creates: false }]);
  });

  it.each([`set role = '${OTHER}'`, `set session_authorization = '${OTHER}'`])(
    'a runner that is altered after it was looked at does nothing: %s',
    async (setting) => {
      await asOther('create table if not exists late (id int)');
      const name = String(await runner('late'));
      await asOther(`alter function ${name}(text, bigint, tid[]) security invoker;
        alter function ${name}(text, bigint, tid[]) ${setting}`);
      for (const as of [database.client, database.superuser])
        await expect(
          as((client) => client.query(`select pgtide.run($1, 'select 1')`, [name])),
        ).rejects.toThrow();
      expect(await runner('late')).toBe(name);
    },
  );
});
