/** MERGE: PostgreSQL shows its parts wrongly if the table is partitioned. */
import { merge, type Story, trigger } from './captured-stories.ts';

export const merges: Record<string, Story> = {
  // PostgreSQL shows the inserted row to the UPDATE trigger of a partitioned table, in place of each row that is updated after it.
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
  // A row that the MERGE inserted, and that PostgreSQL showed as the updated one, is gone or has another key when the parts
  // are captured.
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
  merged_keys_without_inserts: {
    since: 15,
    triggers: trigger('act', 'after update on m for each row', 'update m set n = n + 1 where id = new.id'),
    before: 'insert into m values (10, 5)',
    writes: `merge into m t using (values (10)) v (id) on t.id = v.id
      when matched and t.n > 90 then delete when matched then update set id = t.id + 2, n = 0`,
  },
  updated_by_merge_after_it_was_moved: {
    since: 15,
    triggers: trigger('z', 'after delete on t for each row', 'update t set id = 4 where id = 3'),
    before: 'insert into t values (4, 4)',
    writes: `do $$ begin insert into t values (3, 4); merge into t using (values (4, 7), (5, 7)) v (id, n) on t.id = v.id
      when matched and t.id = 4 then delete when matched then update set n = 0 when not matched then insert values (v.id, v.n);
      with d as (delete from t where id = 5 returning id) update t set n = 9 where id = 4 and (select count(*) from d) = 1; end $$`,
  },
  // The text of the running statement does not show that it is a MERGE.
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
};
