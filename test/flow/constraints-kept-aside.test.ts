/**
 * A constraint or index that was dropped from a subscriber's table and cannot be restored is kept, and status names it with
 * the reason. No other table waits for it.
 */
import { expect, test } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copy } from '../../lib/units/copy.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { status } from '../../lib/units/status.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

const problems = async (pair: InstalledPair) => {
  const { result } = await status(pair.shop.context('old'), {});
  return result.queues[0]?.nodes.flatMap((node) => node.problems) ?? [];
};

/** Copies and replays until there is nothing more to do; followUntilSynced would wait for what cannot be restored. */
async function settle(pair: InstalledPair): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await copy(pair.shop.context('new'));
    await replayAll(pair);
  }
}

const onNew = (pair: InstalledPair, sql: string) => pair.new.client((client) => client.query(sql));

const constraints = (pair: InstalledPair, table: string) =>
  onNew(
    pair,
    `select conname as name from pg_constraint where conrelid = '${table}'::regclass and contype <> 'p' order by 1`,
  );

/** Rows that the provider has, and that no index of the subscriber can hold. */
const cases = {
  'a deferrable unique constraint that the rows break': {
    structure: 'create table bad (id int primary key, n int, constraint bad_n unique (n) deferrable)',
    provider: 'alter table bad drop constraint bad_n; insert into bad values (1, 1), (2, 1)',
    name: 'bad_n',
    cure: 'delete from bad where id = 2',
  },
  'an index by a function that fails': {
    structure: `create function f(n int) returns int immutable language plpgsql as $$
      begin if n = 13 then raise exception 'no'; end if; return n; end $$;
      create table bad (id int primary key, n int)`,
    provider: 'insert into bad values (1, 1), (2, 13)',
    subscriber: 'create index bad_f on bad (public.f(n))',
    name: 'bad_f',
    cure: 'delete from bad where id = 2',
  },
  'an index row that is too long': {
    structure: 'create table bad (id int primary key, n text)',
    provider: `insert into bad values (1, 'x'), (2, (select string_agg(md5(g::text), '') from generate_series(1, 1000) g))`,
    subscriber: 'create index bad_long on bad (n)',
    name: 'bad_long',
    cure: 'delete from bad where id = 2',
  },
} as const;

for (const [what, given] of Object.entries(cases))
  test(`${what} stops neither the copy, nor the removal, nor the others`, { timeout: 120_000 }, async () => {
    const pair = await installedPair();
    await pair.both(`${given.structure}; create table good (id int primary key, n int unique)`);
    if ('subscriber' in given) await onNew(pair, given.subscriber);
    await pair.old.client((client) => client.query(`${given.provider}; insert into good values (1, 1)`));
    await addTable(pair.shop.context('old'), addTableInput.parse({ all: true }));
    await settle(pair);
    await expectEqual(pair.old, pair.new, ['bad', 'good']);
    expect(await problems(pair)).toContainEqual(
      expect.objectContaining({ code: 'restore-failed', message: expect.stringContaining(given.name) }),
    );

    await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['bad'] }));
    await pair.old.client((client) => client.query('insert into good values (2, 2)'));
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['good']);
    expect(await problems(pair), 'of a table that has left').toContainEqual(
      expect.objectContaining({ code: 'restore-failed', message: expect.stringContaining(given.name) }),
    );

    await onNew(pair, given.cure);
    // While another session, such as autovacuum, may still see the deleted row, an index has to hold it, and fails once more.
    await until('it is put back', async () => {
      await onNew(pair, `update pgtide.saved_ddl set tried_at = now() - interval '1 hour'`);
      await copy(pair.shop.context('new'));
      const [found] = await onNew(pair, `select to_regclass('${given.name}') is not null as there`);
      return found?.there;
    });
    expect(await problems(pair)).not.toContainEqual(expect.objectContaining({ code: 'restore-failed' }));
    expect(await constraints(pair, 'good')).toEqual([{ name: 'good_n_key' }]);
  });

test('a trigger that was dropped while it was disabled blocks nothing', {
  timeout: 120_000,
}, async () => {
  const pair = await installedPair({ provider: 13, subscriber: 14 });
  await pair.both('create table t (id int primary key); create table u (id int primary key)');
  await onNew(
    pair,
    `create function nothing() returns trigger language plpgsql as $$ begin return null; end $$;
     create trigger mine after insert on t for each row execute procedure nothing()`,
  );
  await addTable(pair.shop.context('old'), addTableInput.parse({ all: true }));
  await pair.old.client((client) => client.query('insert into t values (1)'));
  await followUntilSynced(pair);
  await onNew(pair, 'drop trigger mine on t');
  await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['t'] }));
  await pair.old.client((client) => client.query('insert into u values (1)'));
  await replayAll(pair);
  await expectEqual(pair.old, pair.new, ['u']);
});
