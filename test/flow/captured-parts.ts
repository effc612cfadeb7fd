/** Truncations, parts of one statement, cascades and triggers, in every order in which they may be captured. */
import { addAndTouch, moveRow, onInsert, replaceRow, type Story, trigger } from './captured-stories.ts';

export const parts: Record<string, Story> = {
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
  // Not a truncation, but a case of the same kind: a trigger of the application writes between the parts of one statement.
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
  // The parts of a statement are captured in any order, and its row triggers write, too.
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
  // One statement deletes a key, inserts it, and then reaches it by the action of a foreign key.
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
  // The next statement's own triggers also change the table, and so does an earlier part of the same statement.
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
  moved_then_updated_before: {
    triggers: trigger(
      'z1',
      'after insert or update on t for each row',
      'update t set n = n + 1 where id in (1, 4)',
    ),
    writes: `begin; insert into t values (3, 1); with a as (insert into t values (2, 9) returning id)
      update t set id = id + 1 where id = 3 and (select count(*) from a) = 1; commit`,
  },
  // Separate statements stay separate, even if rows without a key are written in two ways.
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
