/** C14 on the subscriber: what else a table's owner could reach from within a replay: its cursors, its stage, its queue. */
import { beforeAll, describe, expect, it } from 'vitest';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copy } from '../../lib/units/copy.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { replayAll } from '../support/follow.ts';
import { add, MALLORY, onRoot, type Setting, type Stage, setAside, stage } from '../support/mallory.ts';

describe.each<Setting>([
  { version: 17, role: 'superuser' },
  { version: 14, role: 'member' },
])('on PostgreSQL $version, replicated by a $role', (setting) => {
  let on: Stage;
  const asUs = (sql: string) => on.new.client((client) => client.query(sql));
  const rows = (sql: string) => on.new.superuser((client) => client.query(sql));
  const stolen = () => rows(`select distinct who from hers.loot where who <> '${MALLORY}'`);
  const addAll = (tables: string[]) => addTable(on.shop.context('old'), addTableInput.parse({ tables }));
  /** A foreign key that cannot be validated stays among those to be restored, so this does not wait for it. */
  const follow = async () => {
    for (let round = 0; round < 3; round++) {
      await copy(on.shop.context('new'));
      await replayAll(on);
    }
  };

  beforeAll(async () => {
    on = await stage(setting);
    await on.asMallory(`create table loot (who name); grant all on loot to public;
      create function take() returns void language plpgsql as $$ begin insert into hers.loot values (current_user); end $$;
      create function steal(v text) returns text language plpgsql immutable as $$ begin perform hers.take(); return v; end $$;
      create function stealing() returns trigger language plpgsql as $$ begin perform hers.take(); return null; end $$`);
  });

  it('moves no cursor of the replay: every table gets its changes', async () => {
    const names = Array.from({ length: 17 }, (_, nr) => `t${nr + 10}`);
    const create = names.map((name) => `create table ${name} (id int primary key, v text);`).join('');
    await onRoot(
      on,
      `${create} create domain word as text; create table first (id int primary key, v word);
      create table last (id int primary key); insert into last values (1)`,
    );
    await on.asMallory(`${create} create function move(v text) returns bool language plpgsql as $$ declare c text; begin
        if v = 'attack' then
          for c in select name from pg_cursors loop
            begin execute format('move forward all in %I', c); exception when others then null; end;
          end loop;
        end if;
        return true; end $$;
      create domain word as text check (move(value)); create table first (id int primary key, v word);
      create table last (id int primary key);
      create trigger steal after truncate on last for each statement execute procedure stealing();
      alter table last enable always trigger steal`);
    await add(on, 'first', ...names, 'last');
    await follow();
    await onRoot(
      on,
      `insert into first values (1, 'attack'), (2, 'attack'); truncate last;
      ${names.map((name) => `insert into ${name} values (1, 'a')`).join(';')}`,
    );
    await replayAll(on);
    expect(await setAside(on)).toEqual([]);
    for (const name of ['first', 'last', ...names])
      expect(await rows(`select id from hers.${name} order by id`), name).toEqual(
        await onRoot(on, `select id from ${name} order by id`),
      );
    expect(await stolen()).toEqual([]);
  });

  it('restores no index by reading its text as another role', async () => {
    await onRoot(on, 'create table indexed (id int primary key)');
    await on.asMallory(`create domain checked as text check (steal(value) is not null); create type pair as (a int, b checked);
      create table indexed (id int primary key);
      create index kept on indexed (id) where row(1, 'x')::pair <> '(1,y)'::pair`);
    await add(on, 'indexed');
    await follow();
    expect(await rows(`select to_regclass('hers.kept') is not null as there`)).toEqual([{ there: true }]);
    expect(await stolen()).toEqual([]);
  });

  it('validates no foreign key of our tables by a query on theirs, and says so', async () => {
    await onRoot(
      on,
      `create table parent (id int primary key); create table public.ours (id int primary key, p int references parent);
      insert into parent values (1); insert into public.ours values (1, 1)`,
    );
    await on.asMallory(`create table parent (id int primary key); create index on parent (id) where steal('x') = 'x';
      grant references, select on parent to public`);
    await asUs(
      'create table public.ours (id int primary key, p int references hers.parent on delete cascade)',
    );
    await rows('truncate hers.loot');
    await addAll(['hers.parent', 'public.ours']);
    await follow();
    expect(await stolen()).toEqual([]);
    expect(
      await rows(`select k.convalidated as valid, d.error from pg_constraint k join pgtide.saved_ddl d on d.object_name = k.conname
        where k.conrelid = 'public.ours'::regclass and k.contype = 'f' and d.kind = 'foreign key'`),
    ).toEqual([{ valid: false, error: expect.stringContaining('refers to a table of another role') }]);
  });

  it('goes on only with the settings that it had, whatever a foreign key’s check has run', async () => {
    await on.asMallory(`create table armed ();
      create function set_path() returns void language plpgsql as $$ begin
        if exists (select from hers.armed) then perform set_config('search_path', 'hers, pg_catalog', false); end if; end $$;
      create function arm(v text) returns text language plpgsql immutable as $$ begin perform hers.set_path(); return v; end $$;
      create function steal_equal(int, int) returns bool language plpgsql as $$ begin
        perform hers.take(); return $1 operator(pg_catalog.=) $2; end $$;
      create operator = (procedure = steal_equal, leftarg = int, rightarg = int);
      create function steal_equal(text, text) returns bool language plpgsql as $$ begin
        perform hers.take(); return $1 operator(pg_catalog.=) $2; end $$;
      create operator = (procedure = steal_equal, leftarg = text, rightarg = text);
      create index on parent (id) where arm('x') = 'x'`);
    await rows('truncate hers.loot; insert into hers.armed default values');
    await onRoot(on, 'insert into public.ours values (2, 1)');
    await replayAll(on).catch(() => undefined);
    expect(await stolen()).toEqual([]);
  });

  it('removes a table whose foreign key it may not validate, and keeps the key', async () => {
    await removeTable(on.shop.context('old'), removeTableInput.parse({ tables: ['public.ours'], now: true }));
    expect(await stolen()).toEqual([]);
    expect(
      await rows(
        `select convalidated as valid from pg_constraint where conrelid = 'public.ours'::regclass and contype = 'f'`,
      ),
    ).toEqual([{ valid: false }]);
  });

  it('shows no rows of our tables to whoever refers to them', async () => {
    await onRoot(
      on,
      `create table public.secret (id int primary key, v text); insert into public.secret values (1, 'one'), (2, 'two')`,
    );
    await asUs(`create table public.secret (id int primary key, v text);
      grant references, select (id) on public.secret to ${MALLORY}; grant usage on schema public to ${MALLORY}`);
    await on.asMallory(`create table seen (v text);
      create function look() returns void language plpgsql as $$ declare r text; begin
        for r in select relname from pg_class where relnamespace = pg_my_temp_schema() and relkind in ('r', 'v') loop
          begin execute format('insert into hers.seen select row_to_json(x)::text from pg_temp.%I x', r); exception when others then null; end;
        end loop; end $$;
      create function peek(v text) returns text language plpgsql immutable as $$ begin perform hers.look(); return v; end $$;
      create table refers (id int primary key, p int references public.secret); create index on refers (id) where peek('x') = 'x'`);
    await addAll(['public.secret']);
    await follow();
    await onRoot(
      on,
      `delete from public.secret where id = 1; insert into public.secret values (3, 'top secret');
      update public.secret set v = 'changed' where id = 2`,
    );
    await replayAll(on);
    expect((await setAside(on)).map(({ name }) => name)).not.toContain('public.secret');
    expect(await rows(`select v from hers.seen where v ~ 'one|two|secret|changed'`)).toEqual([]);
    expect(await rows('select id, v from public.secret order by id')).toEqual([
      { id: 2, v: 'changed' },
      { id: 3, v: 'top secret' },
    ]);
  });

  it.each(['57P03', '08006', 'XX000', 'TD010', 'TD008'])(
    'is not stopped by code that raises %s',
    async (state) => {
      const [stopper, innocent] = [`stopper_${state}`.toLowerCase(), `innocent_${state}`.toLowerCase()];
      await onRoot(
        on,
        `create table ${stopper} (id int primary key, v text); create table ${innocent} (id int primary key)`,
      );
      await on.asMallory(`create function ${stopper}(v text) returns bool language plpgsql as $$ begin
        if v = 'stop' then raise exception 'x' using errcode = '${state}'; end if; return true; end $$;
      create table ${stopper} (id int primary key, v text check (${stopper}(v))); create table ${innocent} (id int primary key)`);
      await add(on, stopper, innocent);
      await follow();
      await onRoot(on, `insert into ${stopper} values (1, 'stop'); insert into ${innocent} values (1)`);
      await replayAll(on);
      expect(await rows(`select id from hers.${innocent}`)).toEqual([{ id: 1 }]);
      expect(await setAside(on)).toEqual(
        expect.arrayContaining([
          {
            name: `hers.${stopper}`,
            error: expect.stringMatching(`as the table's owner: ${state}.*: function hers.${stopper}`),
          },
        ]),
      );
    },
  );
});
