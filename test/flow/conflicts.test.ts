/**
 * Rows that do not fit: an update or delete finds no row, an insert finds one, or the subscriber lacks a column, a value or
 * a table. Each is counted and reported, the policy decides what happens then, and other tables go on.
 */
import { describe, expect, it } from 'vitest';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { modes } from '../property/replica-pair.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual, rowsOf } from '../support/oracle.ts';
import type { InstalledPair } from '../support/unit-context.ts';

/** The statements that make a table not fit, and the operator's fix. */
interface Misfit {
  /** Runs on the subscriber, before the events. */
  spoil: string;
  /** Runs on the provider. */
  change: string;
  error: RegExp;
  fix?: string;
}

const misfits: Record<string, Misfit> = {
  lost_update: {
    spoil: 'delete from lost_update where id = 1',
    change: `update lost_update set v = 'new' where id < 3`,
    error: /1 update\(s\) found no row to change/,
  },
  lost_delete: {
    spoil: 'delete from lost_delete where id = 1',
    change: 'delete from lost_delete where id < 3',
    error: /1 delete\(s\) found no row to change/,
  },
  found_insert: {
    spoil: `insert into found_insert values (100, 'mine', 100)`,
    change: `insert into found_insert values (100, 'yours', 1000), (101, 'more', 1001)`,
    error: /23505 unique_violation: table public\.found_insert, constraint found_insert_pkey, event \d+/,
  },
  found_unique: {
    spoil: `insert into found_unique values (200, 'mine', 1000)`,
    change: `insert into found_unique values (100, 'yours', 1000), (101, 'more', 1001)`,
    error: /23505 unique_violation: table public\.found_unique, constraint found_unique_u_key, event \d+/,
  },
  new_column: {
    spoil: 'select 1',
    change: `alter table new_column add extra int default 7; insert into new_column values (100, 'v', 100, 1)`,
    error: /table public\.new_column has no column extra/,
    fix: 'alter table new_column add extra int',
  },
  too_long: {
    spoil: 'alter table too_long alter v type varchar(5)',
    change: `insert into too_long values (100, 'longer', 100)`,
    error: /character varying\(5\) does not keep every text of the provider in column v/,
    fix: 'alter table too_long alter v type text',
  },
  checked: {
    spoil: `alter table checked add check (v <> 'bad')`,
    change: `insert into checked values (100, 'bad', 100)`,
    error: /23514 check_violation: table public\.checked, constraint checked_v_check, event \d+/,
    fix: 'alter table checked drop constraint checked_v_check',
  },
  gone: {
    spoil: 'drop table gone',
    change: `insert into gone values (100, 'v', 100)`,
    error: /table public\.gone is not there/,
    fix: 'create table gone (id int primary key, v text, u int unique)',
  },
};
const names = Object.keys(misfits);
const spoiled = Object.entries(misfits);

async function startedPair(
  make: (typeof modes)[number][1],
  onConflict: string,
  tables: string[],
): Promise<InstalledPair> {
  const pair = await make({ onConflict });
  const all = [...tables, 'good'];
  await pair.both(
    all.map((name) => `create table ${name} (id int primary key, v text, u int unique);`).join(''),
  );
  await pair.old.client((client) =>
    client.query(
      all.map((name) => `insert into ${name} select i, 'v' || i, i from generate_series(1, 9) i;`).join(''),
    ),
  );
  await addTables(pair, all, { expectSync: false });
  await followUntilSynced(pair);
  return pair;
}

/** Writes past the guard, as a superuser or a careful operator can. */
function onSubscriber(pair: InstalledPair, statements: string[]): Promise<unknown> {
  return pair.new.client((client) =>
    client.query(`begin; set local pgtide.applying = 'on'; ${statements.join('; ')}; commit`),
  );
}

const write = (pair: InstalledPair, sql: string) => pair.old.client((client) => client.query(sql));

async function onBoth(pair: InstalledPair, tables: [string, Misfit][]): Promise<void> {
  await onSubscriber(
    pair,
    tables.map(([, { spoil }]) => spoil),
  );
  await pair.old.client((client) =>
    client.query(`update good set v = v || '!'; ${tables.map(([, { change }]) => `${change};`).join('')}`),
  );
}

const errorsOf = (pair: InstalledPair) =>
  pair.new.client((client) =>
    client.query<{ table: string; error: string }>(
      `select replace(table_name, 'public.', '') as "table", error from pgtide.table_state where error is not null order by 1`,
    ),
  );

async function problemsOf(pair: InstalledPair): Promise<{ healthy: boolean; text: string }> {
  const { result } = await status(pair.shop.context('old'), {});
  return {
    healthy: result.healthy,
    text: JSON.stringify(result.queues.map((queue) => queue.nodes.map((node) => node.problems))),
  };
}

describe.each(modes)('%s', (_, make) => {
  it('values that change places are not a conflict, wherever a slice ends', async () => {
    const pair = await make({ replay: { maxEvents: 2 } });
    await pair.both('create table seat (id int primary key, place int unique deferrable)');
    await write(pair, 'insert into seat select i, i from generate_series(1, 9) i');
    await addTables(pair, ['seat']);
    await followUntilSynced(pair);
    await write(pair, 'update seat set place = 10 - place');
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['seat']);
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('set-aside: the tables wait with their reasons, the others go on, and resync brings them back', async () => {
    const pair = await startedPair(make, 'set-aside', names);
    await onBoth(pair, spoiled);
    const spoiledRows = new Map(
      await Promise.all(
        names
          .filter((name) => name !== 'gone')
          .map(async (name) => [name, await rowsOf(pair.new, name)] as const),
      ),
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['good']);
    const errors = await errorsOf(pair);
    expect(errors.map(({ table }) => table)).toEqual(names.toSorted());
    for (const { table, error } of errors) expect(error).toMatch(misfits[table]?.error ?? /nothing/);
    expect(pair.shop.counts.get('setAsideTables')).toBe(names.length);
    // If one row of a slice fails, its table gets no row of the slice.
    for (const [name, rows] of spoiledRows) expect(await rowsOf(pair.new, name), name).toEqual(rows);
    const { healthy, text } = await problemsOf(pair);
    expect(healthy).toBe(false);
    for (const name of names) expect(text).toContain(`public.${name} is set aside`);

    // Later events of these tables are skipped; the good one goes on.
    await pair.old.client((client) =>
      client.query(
        `delete from good where id = 1; ${names.map((name) => `update ${name} set v = 'late' where id = 5;`).join('')}`,
      ),
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['good']);
    expect(await errorsOf(pair)).toHaveLength(names.length);

    await pair.new.client((client) =>
      client.query(spoiled.map(([, { fix }]) => `${fix ?? 'select 1'};`).join('')),
    );
    await resync(pair.shop.context('old'), { tables: names.map((name) => `public.${name}`), all: false });
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, [...names, 'good']);
    await maintain(pair.shop.context('old'));
    expect((await problemsOf(pair)).text).not.toMatch(/set aside|drift/);
  });

  it('stop: nothing of the slice is applied until the cause is fixed', async () => {
    const tables = ['lost_update', 'new_column', 'gone'];
    const pair = await startedPair(make, 'stop', tables);
    const undo: Record<string, string> = {
      lost_update: `insert into lost_update values (1, 'back', 1)`,
      new_column: 'alter table new_column add extra int default 7',
      gone: `create table gone (id int primary key, v text, u int unique); insert into gone select i, 'v' || i, i from generate_series(1, 9) i`,
    };
    for (const table of tables) {
      const misfit = misfits[table];
      if (!misfit) throw new Error(table);
      const rows = await rowsOf(pair.new, 'good');
      await onBoth(pair, [[table, misfit]]);
      await tickNow(pair);
      await expect(replay(pair.shop.context('new'))).rejects.toThrow(misfit.error);
      expect(await rowsOf(pair.new, 'good')).toEqual(rows);
      expect((await problemsOf(pair)).text).toMatch(/replay-error/);
      await onSubscriber(pair, [undo[table] ?? '']);
      await replayAll(pair);
      await expectEqual(pair.old, pair.new, ['good', table]);
      expect((await problemsOf(pair)).text).not.toMatch(/replay-error/);
    }
    expect(await errorsOf(pair)).toEqual([]);
  });

  it('resync: a table that differs is copied again automatically', async () => {
    const tables = ['lost_update', 'lost_delete', 'found_insert', 'found_unique'];
    const pair = await startedPair(make, 'resync', tables);
    await onBoth(
      pair,
      spoiled.filter(([name]) => tables.includes(name)),
    );
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['good']);
    const states = await pair.new.client((client) =>
      client.query<{ name: string }>(
        `select replace(table_name, 'public.', '') as name from londiste.table_info where merge_state is null order by 1`,
      ),
    );
    expect(states.map(({ name }) => name)).toEqual(tables.toSorted());
    await followUntilSynced(pair);
    await expectEqual(pair.old, pair.new, [...tables, 'good']);
  });

  it('overwrite: the row becomes what the event says, and what still fails is set aside', async () => {
    const pair = await startedPair(make, 'overwrite', names);
    await onBoth(pair, spoiled);
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, ['lost_update', 'lost_delete', 'found_insert', 'good']);
    const failed = ['checked', 'found_unique', 'gone', 'new_column', 'too_long'];
    expect((await errorsOf(pair)).map(({ table }) => table)).toEqual(failed);
    const stats = await pair.new.client((client) =>
      client.query(
        `select replace(table_name, 'public.', '') as name, missing::int, conflicts::int from pgtide.table_stats where missing + conflicts > 0 order by 1`,
      ),
    );
    expect(stats).toEqual([
      { name: 'found_insert', missing: 0, conflicts: 1 },
      { name: 'lost_delete', missing: 1, conflicts: 0 },
      { name: 'lost_update', missing: 1, conflicts: 0 },
    ]);
    expect((await problemsOf(pair)).text).toMatch(
      /found_insert has met 0 events whose row was missing, and 1 whose row was there/,
    );
  });
});
