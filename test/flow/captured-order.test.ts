/**
 * In whatever order the statements of a transaction, their parts and the triggers of others are captured, the leaf ends equal: nothing
 * from before a truncation comes back, and all that is written around it arrives.
 */
import { expect, test } from 'vitest';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { rowsOf } from '../support/oracle.ts';
import { stateOf } from '../support/queue.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

/**
 * Each story makes those that it names: t and u have keys and k has none; p and m have partitions, m a key of the whole, too; s and z refer to
 * themselves.
 */
const tables = {
  t: 'create table t (id int primary key, n int)',
  u: 'create table u (id int primary key)',
  k: 'create table k (id int, n int)',
  p: `create table p (id int, n int) partition by range (id); create table p_1 partition of p for values from (0) to (10);
    create table p_2 partition of p for values from (10) to (20); alter table p_1 add primary key (id); alter table p_2 add primary key (id)`,
  m: `create table m (id int primary key, n int) partition by range (id); create table m_1 partition of m for values from (0) to (10);
    create table m_2 partition of m for values from (10) to (20)`,
  s: 'create table s (id int primary key, s_id int references s on delete cascade on update cascade, n int)',
  z: 'create table z (id int primary key, n int, z_id int references z on delete set null)',
  y: `create table y (id int primary key, a int references y on delete set null, b int references y on delete cascade)`,
  g: 'create table g (id int primary key, generate_series int)',
  r: `create table r (id int primary key, r_id int references r on update cascade, n int) partition by range (id);
    create table r_1 partition of r for values from (0) to (10); create table r_2 partition of r for values from (10) to (20)`,
  o: `create table o (id int, n int) partition by range (id); create table o_1 (n int, id int);
    alter table o attach partition o_1 for values from (0) to (100)`,
  c: 'create table c (id int, "nr 1" int, "copy 2" int, primary key (id, "copy 2"))',
};

/** Deletes a row and inserts it again, in one statement whose parts are captured in another order than they ran. */
const replaceRow = (id: number, n: number) => `with gone as (delete from t where id = ${id} returning id),
  back as (insert into t select id, ${n} from gone returning id) delete from t where id < 0 and (select count(*) from back) > 0`;
const moveRow = (id: number, n: number) =>
  `with gone as (delete from t where id = ${id} returning id) insert into t select id, ${n} from gone`;

/** Inserts a row, and updates another one in the same statement. */
const addAndTouch = (table: string) => `with a as (insert into ${table} values (4, 0) returning id)
  update ${table} set n = n + 1 where id = 10 and (select count(*) from a) = 1`;

/** A trigger of the application's on the root, which acts once. */
const trigger = (name: string, when: string, action: string) => `
  create function "act ${name}"() returns trigger language plpgsql as $$ begin
    if pg_trigger_depth() = 1 then ${action}; end if; return null; end $$;
  create trigger "${name}" ${when} execute procedure "act ${name}"()`;
const onInsert = (action: string) => trigger('act', 'after insert on u for each row', action);

interface Story {
  triggers?: string;
  before?: string;
  /** Several are sent one after the other, in one session. */
  writes: string | string[];
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
  // A row that the MERGE inserted, and that was shown as the updated one, is gone or has another key by the time that the parts are captured.
  merged_and_deleted: {
    since: 15,
    triggers: trigger('act', 'after insert on m for each row', 'delete from m where id = new.id'),
    before: 'insert into m values (10, 7)',
    writes: merge('(13, 2), (10, 5)'),
  },
  merged_and_moved: {
    since: 15,
    triggers: trigger('act', 'after insert on m for each row', 'update m set id = id + 1 where id = new.id'),
    before: 'insert into m values (10, 7)',
    writes: merge('(13, 2), (10, 5)'),
  },
  merged_and_moved_by_statement: {
    since: 15,
    triggers: trigger('A', 'after update on m for each statement', 'update m set id = 15 where id = 13'),
    before: 'insert into m values (10, 7), (1, 91)',
    writes: merge('(13, 2), (10, 5), (1, 1)'),
  },
  merged_and_one_deleted: {
    since: 15,
    triggers: trigger('act', 'after insert on m for each row', 'delete from m where id = new.id and id = 12'),
    before: 'insert into m values (10, 7), (11, 8), (1, 91)',
    writes: merge('(12, 2), (10, 5), (13, 1), (11, 6), (1, 1)'),
  },
  merged_and_updated_row_deleted: {
    since: 15,
    triggers: trigger('act', 'after update on m for each row', 'delete from m where id = 10'),
    before: 'insert into m values (10, 7), (11, 8)',
    writes: merge('(13, 2), (10, 5), (11, 5)'),
  },
  // The parts of a statement are captured in any order, beside what its row triggers have done.
  inserted_then_updated: {
    triggers: trigger('act', 'after insert on t for each row', 'update t set n = n + 100 where id = 10'),
    before: 'insert into t values (10, 0)',
    writes: addAndTouch('t'),
  },
  inserted_then_updated_after_delete: {
    triggers: trigger('act', 'after insert on t for each statement', 'delete from t where id = 10'),
    before: 'insert into t values (10, 0)',
    writes: addAndTouch('t'),
  },
  inserted_then_updated_partitioned: {
    since: 11,
    triggers: trigger('act', 'after insert on m for each row', 'update m set n = n + 100 where id = 10'),
    before: 'insert into m values (10, 0)',
    writes: addAndTouch('m'),
  },
  inserted_then_updated_keyless: {
    triggers: trigger('act', 'after insert on k for each row', 'delete from k where id = 10'),
    before: 'insert into k values (10, 0)',
    writes: addAndTouch('k'),
  },
  inserted_then_set_null: {
    since: 15,
    triggers: trigger('zz', 'after insert on z for each row', 'update z set n = n + 100 where id = 12'),
    before: 'insert into z values (6, 1, null), (12, 15, 6)',
    writes: `merge into z t using (values (6), (2)) v (id) on t.id = v.id
      when matched then delete when not matched then insert (id) values (v.id)`,
  },
  updated_then_set_null: {
    since: 15,
    triggers: trigger(
      'zz',
      'after insert or update on z for each row',
      'update z set n = n + 100 where id = 12',
    ),
    before: 'insert into z values (6, 1, null), (7, 1, null), (12, 15, 6)',
    writes: `merge into z t using (values (6), (7), (2)) v (id) on t.id = v.id
      when matched and v.id = 6 then delete when matched then update set n = 3 when not matched then insert (id) values (v.id)`,
  },
  // A key that is deleted, inserted and then reached by the action of a foreign key, all in one statement.
  deleted_twice: {
    before: 'insert into s values (1, null), (2, null)',
    writes: `begin; with d as (delete from s where id in (1, 2) returning id) insert into s select 2, 1, 9 from d where id = 2;
      insert into s values (2, null, 5); commit; insert into s values (1, 2, 3)`,
  },
  moved_twice: {
    before: 'insert into s values (1, null), (2, null)',
    writes:
      'with d as (update s set id = id + 10 where id in (1, 2) returning id) insert into s select 2, 1, 9 from d where id = 12',
  },
  moved_again_and_again: {
    triggers: trigger('zz', 'after delete on y for each row', 'insert into y values (old.id, null, null)'),
    before: 'insert into y values (1, null, null), (2, 1, 1), (3, 2, 2), (4, 3, 3)',
    writes: 'delete from y where id = 1',
  },
  merged_keys_without_inserts: {
    since: 15,
    triggers: trigger('act', 'after update on m for each row', 'update m set n = n + 1 where id = new.id'),
    before: 'insert into m values (10, 5)',
    writes: `merge into m t using (values (10)) v (id) on t.id = v.id
      when matched and t.n > 90 then delete when matched then update set id = t.id + 2, n = 0`,
  },
  replaced_by_trigger: {
    triggers: onInsert(replaceRow(5, 3)),
    before: 'insert into t values (5, 1)',
    writes: 'insert into u values (1)',
  },
  one_after_the_other: {
    triggers: onInsert('update t set n = n + 1 where id = 1'),
    before: 'insert into t values (1, 1), (2, 2), (3, 3), (4, 4)',
    writes: [
      'begin',
      moveRow(1, 5),
      replaceRow(2, 6),
      'insert into u values (1)',
      replaceRow(3, 7),
      `do $$ begin ${moveRow(1, 8)}; insert into t values (50, 0); ${replaceRow(4, 9)}; end $$`,
      'commit',
    ],
  },
  column_of_a_set: {
    before: 'insert into g values (1, 2)',
    writes: 'update g set id = id + 1',
  },
  // The next statement's own triggers change the table, too, and so does what comes before in the same statement.
  inserted_then_updated_nested_both: {
    triggers: `${trigger('act', 'after insert on t for each row', 'update t set n = n + 100 where id = 10')};
      ${trigger('more', 'after update on t for each row', 'update t set n = n + 1 where id = 11')}`,
    before: 'insert into t values (10, 0), (11, 0)',
    writes: addAndTouch('t'),
  },
  nested_in_both_parts_keyless: {
    triggers: trigger(
      'act',
      'after insert or update on k for each row',
      'update k set n = n + 100 where id = 10',
    ),
    before: 'insert into k values (10, 0)',
    writes: addAndTouch('k'),
  },
  deleted_by_the_trigger_of_another_part: {
    triggers: `${trigger('act', 'after delete on t for each statement', 'delete from t where id = 10')};
      ${trigger('more', 'after insert or update on t for each statement', 'update t set n = n + 1 where id = 11')}`,
    before: 'insert into t values (9, 0), (10, 0), (11, 0)',
    writes: `with d as (delete from t where id = 9 returning id), u as (update t set n = 5 where id = 10 and (select count(*) from d) = 1 returning id)
      insert into t select id + 10, 0 from u`,
  },
  moved_then_inserted_partitioned: {
    since: 11,
    before: 'insert into m values (10, 7), (1, 1)',
    writes: `with u as (update m set id = 12 where id = 10 returning id), i as (insert into m select 10, 3 from u returning id)
      update m set n = n + 1 where id = 1 and (select count(*) from i) = 1`,
  },
  moved_then_inserted_partitioned_cascade: {
    since: 13,
    before: 'insert into r values (5, null, 7), (6, 5, 1)',
    writes:
      'with u as (update r set id = 15 where id = 5 returning id) insert into r select 5, null, 69 from u',
  },
  moved_then_inserted_in_function: {
    since: 11,
    before: 'insert into m values (10, 7), (1, 1)',
    writes: `do $$ begin with u as (update m set id = 12 where id = 10 returning id), i as (insert into m select 10, 3 from u returning id)
      update m set n = n + 1 where id = 1 and (select count(*) from i) = 1; end $$`,
  },
  updated_by_merge_after_it_was_moved: {
    since: 15,
    triggers: trigger('z', 'after delete on t for each row', 'update t set id = 4 where id = 3'),
    before: 'insert into t values (4, 4)',
    writes: `do $$ begin insert into t values (3, 4); merge into t using (values (4, 7), (5, 7)) v (id, n) on t.id = v.id
      when matched and t.id = 4 then delete when matched then update set n = 0 when not matched then insert values (v.id, v.n);
      with d as (delete from t where id = 5 returning id) update t set n = 9 where id = 4 and (select count(*) from d) = 1; end $$`,
  },
  moved_then_updated_before: {
    triggers: trigger(
      'z1',
      'after insert or update on t for each row',
      'update t set n = n + 1 where id in (1, 4)',
    ),
    writes: `begin; insert into t values (3, 1); with a as (insert into t values (2, 9) returning id)
      update t set id = id + 1 where id = 3 and (select count(*) from a) = 1; commit`,
  },
  // The text of what runs does not say that it is a MERGE.
  merged_by_a_prepared_statement: {
    since: 15,
    before: 'insert into m values (10, 7), (11, 8), (1, 1)',
    writes: [
      `prepare "as named" as ${merge('(13, 2), (10, 5)')}`,
      `do $$ begin execute 'execute "as named"'; end $$`,
    ],
  },
  merged_by_a_cursor: {
    since: 17,
    before: 'insert into m values (10, 7), (11, 8), (1, 1)',
    writes: [
      'begin',
      `do $$ declare c refcursor := 'c'; begin open c for ${merge('(13, 2), (10, 5)')} returning t.id; end $$`,
      `do $$ begin execute 'move all from c'; end $$`,
      'commit',
    ],
  },
  // Separate statements stay separate, also where rows without a key are written in two ways.
  deleted_by_another_statement: {
    since: 11,
    triggers: trigger('act', 'after insert on o for each row', 'insert into o values (99, 99)'),
    writes: 'do $$ begin insert into o values (1, 1); delete from o_1 where id = 1; end $$',
  },
  column_named_as_ours: {
    writes: `insert into c values (1, 1, 1); update c set id = id + 1, "nr 1" = 4, "copy 2" = 5`,
  },
  many_in_one_transaction: {
    before: 'insert into t select n, 0 from generate_series(1, 40) n',
    writes: `begin; update t set n = n + 1; ${[1, 2, 3].map((id) => moveRow(id, 9)).join(';')}; ${replaceRow(4, 3)}; savepoint a;
      ${[5, 6].map((id) => moveRow(id, 9)).join(';')}; ${moveRow(2, 11)}; rollback to a; ${moveRow(6, 12)}; ${moveRow(3, 12)}; commit;
      do $$ begin ${[7, 8, 9, 7, 8].map((id) => moveRow(id, 9)).join(';')}; end $$`,
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

const inSchema = (pair: InstalledPair, schema: string, ...statements: string[]) =>
  pair.old.client(async (client) => {
    await client.query(`set search_path = ${schema}`);
    for (const statement of statements) await client.query(statement);
  });

async function contentOf(
  database: InstalledPair['old'],
  names: Iterable<string>,
): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const name of names) content[name] = await rowsOf(database, name);
  return content;
}

async function ends(versions: { provider: number; subscriber: number }, told: Record<string, Story>) {
  const pair = await installedPair(versions);
  const chosen = Object.entries(told).filter(([, { since = 0 }]) => versions.provider >= since);
  const made = tablesOf(chosen);
  await pair.both([...chosen.map(([story]) => `create schema ${story}`), ...made.values()].join(';'));
  await addTables(pair, [...made.keys()]);
  await followUntilSynced(pair);
  for (const [story, { before, triggers }] of chosen)
    await inSchema(pair, story, `${before ?? 'select'}; ${triggers ?? ''}`);
  await replayAll(pair);
  for (const [story, { writes }] of chosen) await inSchema(pair, story, ...[writes].flat());
  await replayAll(pair);
  expect(await contentOf(pair.new, made.keys())).toEqual(await contentOf(pair.old, made.keys()));
}

test.each([
  [10, 17],
  [18, 14],
])('from %i to %i', (provider, subscriber) => ends({ provider, subscriber }, stories));

test('a MERGE in a rule is told by no text', () =>
  ends(
    { provider: 18, subscriber: 17 },
    {
      merged_by_a_rule: {
        before: `insert into m values (10, 7), (11, 8), (1, 1); create view w as select 1 as x; create rule r as on update to w
          do instead with y as (${merge('(13, 2), (10, 5)')} returning t.id) insert into u select max(id) from y`,
        writes: 'update w set x = 2',
      },
    },
  ));

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
