/**
 * C14 on the subscriber: settings, temporary objects, cursors and deferred triggers that a table's owner leaves in the session of a replay
 * do not act later, with the rights of the role that replicates.
 */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { resync } from '../../lib/units/resync.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { add, MALLORY, onRoot, type Setting, type Stage, setAside, stage } from '../support/mallory.ts';
import { expectEqual } from '../support/oracle.ts';

describe.each<Setting>([
  { version: 10, role: 'superuser' },
  { version: 18, role: 'superuser' },
  { version: 14, role: 'member' },
])('on PostgreSQL $version, replicated by a $role', (setting) => {
  let on: Stage;
  beforeAll(async () => {
    on = await stage(setting);
    await on.asMallory(`create sequence loot; grant usage on sequence loot to public;
      create function steal(v text) returns text language plpgsql immutable as $$
        begin if current_user <> '${MALLORY}' then perform nextval('hers.loot'); end if; return v; end $$;
      create function stealing() returns trigger language plpgsql as $$ begin perform hers.steal('x'); return null; end $$;
      create function steal_equal(text, text) returns bool language sql as $$ select hers.steal($1) is not distinct from $2 $$;
      create function steal_equal(oid, oid) returns bool language sql as $$ select hers.steal('x') is not null and $1 in ($2) $$;
      create operator = (procedure = steal_equal, leftarg = text, rightarg = text);
      create operator = (procedure = steal_equal, leftarg = oid, rightarg = oid);
      create table aside (v text); create table excluding (v text);
      create constraint trigger later after insert on aside deferrable initially deferred for each row execute procedure stealing();
      alter table aside enable always trigger later;
      alter table excluding add exclude using btree (steal(v) with operator(pg_catalog.=)) deferrable initially deferred`);
    await on.new.superuser((client) => client.query(`grant usage on schema pgtide to ${MALLORY}`));
  });

  const attacks: [name: string, statement: string, left: string][] = [
    ['search_path', `set_config('search_path', 'hers, pg_catalog', false)`, 'setting search_path'],
    ['search_path of the transaction', `set_config('search_path', 'hers, pg_catalog', true)`, ''],
    ['another setting', `set_config('transform_null_equals', 'on', false)`, 'settings or'],
    ['a temporary view', 'create temp view pgtide_failed as select hers.steal(null)', 'temporary'],
    [
      'a temporary function',
      'create function pg_temp.count(int) returns int language sql as $s$ select 1 $s$',
      'temporary',
    ],
    ['no temporary tables', 'discard temp', ''],
    ['a cursor', `declare c cursor with hold for select hers.steal('x')`, 'a cursor WITH HOLD'],
    ['a deferred trigger', `insert into hers.aside values ('x')`, 'a deferred trigger on hers.aside'],
    [
      'a deferred exclusion',
      `insert into hers.excluding values ('x'), ('y')`,
      'a deferred trigger on hers.excluding',
    ],
    [
      'a runner with the rights of its caller',
      `alter function pgtide.run_as_${createHash('md5').update(MALLORY).digest('hex')}(text, bigint, tid[]) security invoker`,
      '',
    ],
  ];

  it.each(attacks)('%s: does not act later', async (_name, statement, left) => {
    const nr = attacks.findIndex((attack) => attack[1] === statement);
    const [bad, good] = [`bad_${nr}`, `good_${nr}`];
    await on.asMallory(`
      create function attack_${nr}(v text) returns bool language plpgsql as $$
        begin
          if v = 'attack' then ${/^set_config/.test(statement) ? `perform ${statement}` : `execute $x$ ${statement} $x$`}; end if;
          return hers.steal(v) is not null;
        end $$;
      create table ${bad} (id int primary key, v text check (attack_${nr}(v)));
      create table ${good} (id int primary key, v text)`);
    await onRoot(
      on,
      `create table ${bad} (id int primary key, v text); create table ${good} (id int primary key, v text);
       insert into ${bad} values (1, 'a'); insert into ${good} values (1, 'a')`,
    );
    await add(on, bad, good);
    await followUntilSynced(on);
    await onRoot(
      on,
      `insert into ${bad} select i, 'b' from generate_series(2, 9) i; update ${bad} set id = 20 where id = 1;
       insert into ${bad} values (10, 'attack'), (11, 'attack'); delete from ${bad} where id = 10; insert into ${good} values (2, 'b')`,
    );
    await replayAll(on).catch(() => undefined);
    const aside = await setAside(on);
    // Since PostgreSQL 18 a deferred trigger runs as the role that caused it.
    if (left && !(setting.version >= 18 && left.startsWith('a deferred')))
      expect(aside).toEqual([{ name: `hers.${bad}`, error: expect.stringContaining(`leaves ${left}`) }]);
    await on.asMallory(
      `create or replace function attack_${nr}(v text) returns bool language sql as 'select true'`,
    );
    if (aside.length > 0)
      await resync(on.shop.context('old'), { tables: aside.map(({ name }) => name), all: false });
    await followUntilSynced(on);
    await expectEqual(on.old, on.new, [`hers.${bad}`, `hers.${good}`]);
    expect(
      await on.new.superuser((client) => client.query('select is_called as stolen from hers.loot')),
    ).toEqual([{ stolen: false }]);
  });
});
