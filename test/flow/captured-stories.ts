/** The parts of stories about captured order: tables, statements of several parts, triggers of the application. */

/**
 * Each story creates the tables that it names: t and u have keys and k has none; p and m have partitions, and m also a key
 * of the whole; s and z refer to themselves.
 */
export const tables = {
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
export const replaceRow = (
  id: number,
  n: number,
) => `with gone as (delete from t where id = ${id} returning id),
  back as (insert into t select id, ${n} from gone returning id) delete from t where id < 0 and (select count(*) from back) > 0`;
export const moveRow = (id: number, n: number) =>
  `with gone as (delete from t where id = ${id} returning id) insert into t select id, ${n} from gone`;

/** Inserts a row, and updates another one in the same statement. */
export const addAndTouch = (table: string) => `with a as (insert into ${table} values (4, 0) returning id)
  update ${table} set n = n + 1 where id = 10 and (select count(*) from a) = 1`;

/** A trigger of the application on the root, which acts once. */
export const trigger = (name: string, when: string, action: string) => `
  create function "act ${name}"() returns trigger language plpgsql as $$ begin
    if pg_trigger_depth() = 1 then ${action}; end if; return null; end $$;
  create trigger "${name}" ${when} execute procedure "act ${name}"()`;
export const onInsert = (action: string) => trigger('act', 'after insert on u for each row', action);

export interface Story {
  triggers?: string;
  before?: string;
  /** Several statements are sent one after the other, in one session. */
  writes: string | string[];
  /** The first version that supports the statement. */
  since?: number;
}

export const merge = (values: string) => `merge into m t using (values ${values}) v (id, n) on t.id = v.id
  when matched and t.n > 90 then delete when matched then update set n = v.n + 50 when not matched then insert values (v.id, v.n)`;
