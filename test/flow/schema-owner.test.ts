/**
 * C14 for tables of the role that replicates, or of a superuser, in another role's schema. The schema's owner can replace
 * such a table by another table or a view, and no code of the replacement runs.
 */
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copyWith } from '../../lib/units/copy.ts';
import type { TestDatabase } from '../support/database.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { setAside } from '../support/mallory.ts';
import { compareAll, MALLORY, sides } from '../support/owned-sides.ts';
import { until } from '../support/until.ts';

describe.each([10, 17])('on PostgreSQL %i', (version) => {
  let on: Awaited<ReturnType<typeof sides>>;
  const columns = 'id int primary key, v text';
  beforeAll(async () => {
    on = await sides(version, 'superuser');
    for (const at of [on.old, on.new])
      await at.superuser((client) =>
        client.query(
          `create function hers.steal(v text) returns text language plpgsql immutable as $$
             begin if current_user <> '${MALLORY}' then raise 'it runs as %', current_user using errcode = 'ZZ999'; end if; return v; end $$`,
        ),
      );
  });

  /** Mallory drops the table and creates another one under its name while `work` waits for it. */
  async function replaced(
    at: TestDatabase,
    name: string,
    by: string,
    work: () => Promise<unknown>,
  ): Promise<void> {
    await using mallory = await at.open(MALLORY);
    await mallory.client.query(`begin; set local search_path = hers; drop table ${name}; ${by}`);
    const working = work().catch((error: unknown) => `${error}`);
    await at.superuser((client) =>
      until('somebody waits for the table', () =>
        client.first(
          'select from pg_locks l join pg_database d on d.oid = l.database where d.datname = $1 and not l.granted',
          [at.name],
        ),
      ),
    );
    await mallory.client.query('commit');
    const found = inspect([await working, await setAside(on)], { depth: 9 });
    expect(found, name).not.toContain('ZZ999');
    expect(found, name).toContain('dropped or replaced');
  }

  const table = async (name: string) => {
    for (const at of [on.old, on.new])
      await at.superuser((client) => client.query(`create table hers.${name} (${columns})`));
    await on.old.superuser((client) =>
      client.query(`insert into hers.${name} select i, 'v' from generate_series(1, 100) i`),
    );
    await addTable(on.shop.context('old'), addTableInput.parse({ tables: [`hers.${name}`] }));
  };
  const evilTable = (name: string) => `create table ${name} (${columns}, check (hers.steal(v) is not null))`;
  const evilView = (name: string) => `create view ${name} as select 1 as id, hers.steal('v') as v`;

  it('is not copied out of a view that takes its place', async () => {
    await table('out');
    await replaced(on.old, 'out', evilView('out'), () => copyWith({})(on.shop.context('new')));
  });

  it('is not copied into a table that takes its place', async () => {
    await table('filled');
    await replaced(on.new, 'filled', evilTable('filled'), () => copyWith({})(on.shop.context('new')));
    expect(await setAside(on)).toMatchObject([{ name: 'hers.filled' }, { name: 'hers.out' }]);
  });

  it('is not replayed into a table that takes its place', async () => {
    await table('changed');
    await followUntilSynced(on).catch(() => undefined);
    await on.old.superuser((client) => client.query(`insert into hers.changed values (1000, 'v')`));
    await replaced(on.new, 'changed', evilTable('changed'), () => replayAll(on));
  });

  it('is not compared with a view that takes its place', async () => {
    for (const at of [on.old, on.new]) {
      const name = at === on.old ? 'here' : 'there';
      await table(name);
      await followUntilSynced(on).catch(() => undefined);
      await replaced(at, name, evilView(name), () => compareAll(on));
    }
  });

  it('is not referred to by a key that comes back, where another one takes its place', async () => {
    await on.new.superuser((client) =>
      client.query(`create table hers.parent (${columns}); create table child (id int primary key, p int)`),
    );
    await replaced(on.new, 'parent', evilTable('parent'), () =>
      on.new.superuser(async (client) => {
        await client.query('begin');
        await client.query(`select pgtide._key_runner('child'::regclass, 'hers.parent'::regclass)`);
      }),
    );
  });
});
