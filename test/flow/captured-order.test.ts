/**
 * In whatever order the statements of a transaction, their parts and the triggers of others are captured, the leaf ends equal: nothing
 * from before a truncation comes back, and all that is written around it arrives.
 */
import { expect, test } from 'vitest';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { rowsOf } from '../support/oracle.ts';
import { stateOf } from '../support/queue.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

/** Each story makes those that it names: t and u have keys and k has none; p and m have partitions, m a key of the whole, too. */
const tables = {
  t: 'create table t (id int primary key, n int)',
  u: 'create table u (id int primary key)',
  k: 'create table k (id int, n int)',
  p: `create table p (id int, n int) partition by range (id); create table p_1 partition of p for values from (0) to (10);
    create table p_2 partition of p for values from (10) to (20); alter table p_1 add primary key (id); alter table p_2 add primary key (id)`,
  m: `create table m (id int primary key, n int) partition by range (id); create table m_1 partition of m for values from (0) to (10);
    create table m_2 partition of m for values from (10) to (20)`,
};

/** Deletes a row and inserts it again, in one statement whose parts are captured in another order than they ran. */
const replaceRow = (id: number, n: number) => `with gone as (delete from t where id = ${id} returning id),
  back as (insert into t select id, ${n} from gone returning id) delete from t where id < 0 and (select count(*) from back) > 0`;
const moveRow = (id: number, n: number) =>
  `with gone as (delete from t where id = ${id} returning id) insert into t select id, ${n} from gone`;

/** A trigger of the application's on the root, which acts once. */
const trigger = (name: string, when: string, action: string) => `
  create function "act ${name}"() returns trigger language plpgsql as $$ begin
    if pg_trigger_depth() = 1 then ${action}; end if; return null; end $$;
  create trigger "${name}" ${when} execute procedure "act ${name}"()`;
const onInsert = (action: string) => trigger('act', 'after insert on u for each row', action);

interface Story {
  triggers?: string;
  before?: string;
  writes: string;
  /** The first version that has the statement. */
  since?: number;
}

const merge = (values: string) => `merge into m t using (values ${values}) v (id, n) on t.id = v.id
  when matched and t.n > 90 then delete when matched then update set n = v.n + 50 when not matched then insert values (v.id, v.n)`;

const stories: Record<string, Story> = {
  inserted_before: {
    writes: `begin; insert into t values (5, 1); truncate t; insert into t values (5, 2); ${replaceRow(5, 3)}; commit`,
  },
  deleted_before: {
    before: 'insert into t values (5, 0), (6, 0)',
    writes: `begin; delete from t where id = 5; truncate t; insert into t values (5, 2); ${replaceRow(5, 3)}; commit`,
  },
  other_key: {
    before: 'insert into t values (5, 0), (6, 0)',
    writes: `begin; delete from t where id = 6; truncate t; insert into t values (5, 2), (6, 1); ${replaceRow(5, 3)}; commit`,
  },
  nested_keyless: {
    triggers: onInsert('insert into k values (7, 7); truncate k'),
    writes: 'insert into u values (1); insert into k values (8, 8)',
  },
  nested_keyless_same: {
    triggers: onInsert('delete from k where id = 7; truncate k'),
    before: 'insert into k values (7, 7), (9, 9)',
    writes: 'insert into u values (1); insert into k values (7, 7)',
  },
  nested_keyed: {
    triggers: onInsert('delete from t where id = 7; truncate t'),
    before: 'insert into t values (7, 7), (9, 9)',
    writes: 'insert into u values (1); insert into t values (7, 8)',
  },
  filled_by_other_table: {
    triggers: trigger('act', 'after truncate on u for each statement', 'insert into t values (7, 7)'),
    before: 'insert into u values (1); insert into t values (1, 1)',
    writes: 'truncate u, t',
  },
  filled_keyless: {
    triggers: trigger('act', 'after truncate on u for each statement', 'insert into k values (7, 7), (7, 7)'),
    before: 'insert into u values (1); insert into k values (1, 1)',
    writes: 'truncate u, k',
  },
  filled_partitioned: {
    triggers: trigger(
      'act',
      'after truncate on u for each statement',
      'insert into p values (7, 7), (17, 7)',
    ),
    before: 'insert into u values (1); insert into p values (1, 1)',
    writes: 'truncate u, p',
  },
  filled_first: {
    triggers: trigger('A', 'after truncate on t for each statement', 'insert into t values (7, 7)'),
    before: 'insert into t values (1, 1)',
    writes: 'truncate t',
  },
  filled_before: {
    triggers: trigger('z', 'before truncate on t for each statement', 'insert into t values (7, 7)'),
    before: 'insert into t values (1, 1)',
    writes: 'truncate t',
  },
  partitions: {
    before: 'insert into p values (1, 1), (11, 1)',
    writes: `do $$ begin insert into p values (3, 3); truncate p_1; insert into p values (3, 4); update p set n = 9; truncate p_2;
      delete from p where id = 3; insert into p values (3, 5), (12, 1); truncate p_1; insert into p values (3, 6); end $$`,
  },
  // No truncation, but of the same kind: a trigger of the application's writes between the parts of one statement.
  between_parts: {
    triggers: trigger('z', 'after delete on t for each statement', 'delete from t where id = -1'),
    writes: `begin; insert into t values (21, 1); ${moveRow(21, 14)}; commit`,
  },
  gone_between_parts: {
    triggers: trigger('z', 'after delete on t for each statement', 'delete from t where id = 21'),
    writes: `begin; insert into t values (21, 1); ${moveRow(21, 14)}; commit`,
  },
  gone_between_parts_in_another_order: {
    triggers: trigger('A', 'after delete on t for each statement', 'delete from t where id = 21'),
    before: 'insert into t values (21, 6)',
    writes: replaceRow(21, 19),
  },
  updated_between_parts: {
    triggers: trigger('z', 'after delete on t for each statement', 'update t set n = n where id = 21'),
    before: 'insert into t values (21, 0)',
    writes: `begin; update t set n = 1; ${moveRow(21, 14)}; commit`,
  },
  // PostgreSQL shows the inserted row to the UPDATE trigger of a partitioned table, in place of each that is updated after it.
  merged: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8), (1, 1)',
    writes: merge('(13, 2), (10, 5), (11, 6), (14, 1), (1, 9), (2, 2)'),
  },
  merged_twice: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8), (1, 1)',
    writes: `begin; ${merge('(13, 2), (10, 5)')}; ${merge('(14, 2), (11, 5), (13, 3)')}; commit`,
  },
  merged_with_deletes: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8), (1, 91)',
    writes: `do $$ begin ${merge('(13, 2), (10, 5)')}; ${merge('(13, 2), (10, 50), (1, 1)')}; ${merge('(1, 2), (10, 50), (13, 1)')}; end $$`,
  },
  merged_after_parts: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8)',
    writes: `begin; with u as (update m set id = 12 where id = 10 returning id) insert into m select id - 2, 3 from u;
      ${merge('(13, 2), (12, 5)')}; commit`,
  },
  merged_around_truncation: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8)',
    writes: `begin; delete from m where id = 10; savepoint a; ${merge('(13, 2), (10, 5)')}; rollback to a; ${merge('(13, 2), (11, 5)')};
      truncate m; ${merge('(13, 2), (11, 5)')}; ${merge('(14, 2), (11, 5)')}; commit`,
  },
  merged_twice_beside_triggers: {
    since: 15,
    triggers: trigger(
      'act',
      'after insert or update on m for each row',
      'update m set n = n + 1 where id = new.id',
    ),
    before: 'insert into m values (10, 7), (11, 8), (1, 1)',
    writes: `begin; insert into m values (15, 1); ${merge('(13, 2), (10, 5), (15, 3)')}; ${merge('(14, 2), (11, 5), (13, 3)')}; commit`,
  },
  merged_beside_triggers: {
    since: 15,
    triggers: trigger(
      'act',
      'after insert or update on m for each row',
      'update m set n = n + 1 where id = new.id',
    ),
    before: 'insert into m values (10, 7), (11, 8)',
    writes: merge('(13, 2), (10, 5), (11, 6)'),
  },
};

/** story.table → the statement that makes it. */
const tablesOf = (chosen: [string, Story][]) =>
  new Map(
    chosen.flatMap(([story, { triggers, before, writes }]) =>
      Object.entries(tables)
        .filter(([name]) => new RegExp(`\\b${name}\\b`).test(`${triggers} ${before} ${writes}`))
        .map(([name, sql]) => [`${story}.${name}`, `set search_path = ${story}; ${sql}`] as const),
    ),
  );

const inSchema = (pair: InstalledPair, schema: string, sql: string) =>
  pair.old.client((client) => client.query(`set search_path = ${schema}; ${sql}`));

async function contentOf(
  database: InstalledPair['old'],
  names: Iterable<string>,
): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const name of names) content[name] = await rowsOf(database, name);
  return content;
}

test.each([
  [10, 17],
  [18, 14],
])('from %i to %i', async (provider, subscriber) => {
  const pair = await installedPair({ provider, subscriber });
  const chosen = Object.entries(stories).filter(([, { since = 0 }]) => provider >= since);
  const made = tablesOf(chosen);
  await pair.both([...chosen.map(([story]) => `create schema ${story}`), ...made.values()].join(';'));
  await addTables(pair, [...made.keys()]);
  await followUntilSynced(pair);
  for (const [story, { before, triggers }] of chosen)
    await inSchema(pair, story, `${before ?? 'select'}; ${triggers ?? ''}`);
  await replayAll(pair);
  for (const [story, { writes }] of chosen) await inSchema(pair, story, writes);
  await replayAll(pair);
  expect(await contentOf(pair.new, made.keys())).toEqual(await contentOf(pair.old, made.keys()));
});

test.each(['repeatable read', 'serializable'])(
  'a partition is not truncated alone in %s: others may have written what the snapshot has not',
  async (isolation) => {
    const pair = await installedPair({ provider: 17, subscriber: 17 });
    await pair.both(tables.p);
    await addTables(pair, ['public.p']);
    await followUntilSynced(pair);
    await pair.old.client((client) => client.query('insert into p values (1, 1), (11, 1)'));
    await pair.old.client(async (client) => {
      await client.query(`begin isolation level ${isolation}; select from p`);
      await pair.old.client((other) => other.query('insert into p values (2, 2)'));
      expect((await stateOf(client.query('truncate p_1')))?.[0]).toBe('TD004');
      await client.query(`rollback; begin isolation level ${isolation}`);
      // An empty one has no rows to be read, and the whole table is one event.
      await client.query(
        'create table p_3 partition of p for values from (20) to (30); truncate p_3; truncate p; commit',
      );
    });
    await replayAll(pair);
    expect(await rowsOf(pair.new, 'p')).toEqual([]);
  },
);
