/**
 * C14 on the subscriber: whoever owns a table there, or has the right to put a trigger on it, never becomes the role that replicates. Code
 * that a table runs when rows are written runs as its owner.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { install } from '../../lib/units/install.ts';
import { resync } from '../../lib/units/resync.ts';
import type { TestDatabase } from '../support/database.ts';
import { followUntilSynced, replayAll } from '../support/follow.ts';
import { add, MALLORY, onRoot, type Setting, type Stage, setAside, spy, stage } from '../support/mallory.ts';

/** The same table on both sides; `hers` and `later` are what only Mallory's has. */
const tables: Record<string, { columns: string; hers: string; later?: string; since?: number }> = {
  checked: { columns: 'id int primary key, v text', hers: 'check (spy(v) is not null)' },
  builtin: {
    columns: 'id int primary key, v text',
    hers: `check (query_to_xml('select hers.spy(''x'')', false, false, '') is not null)`,
  },
  defaulted: { columns: 'id int primary key, v text', hers: `d text default spy('d')` },
  generated: {
    columns: 'id int primary key, v text',
    hers: 'g text generated always as (spy(v)) stored',
    since: 12,
  },
  indexed: {
    columns: 'id int primary key, v text',
    hers: '',
    later: 'create index on indexed (spy(v)); create unique index on indexed (id, spy(v))',
  },
  excluded: { columns: 'id int primary key, v text', hers: 'exclude using btree (spy(v) with =)' },
  triggered: {
    columns: 'id int primary key, v text',
    hers: '',
    later: `create trigger a before insert or update or delete on triggered for each row execute procedure spying();
      create trigger b after insert or update or delete on triggered for each row execute procedure spying();
      create trigger c after insert or update or delete or truncate on triggered for each statement execute procedure spying();
      alter table triggered enable always trigger a, enable always trigger b, enable always trigger c`,
  },
  ruled: {
    columns: 'id int primary key, v text',
    hers: '',
    later: `create rule r as on insert to ruled do also select spy(new.v); alter table ruled enable always rule r`,
  },
  keyless: { columns: 'id int, v text', hers: 'check (spy(v) is not null)' },
  identified: {
    columns: 'id int primary key, v text, n int generated always as identity',
    hers: 'check (spy(v) is not null)',
  },
};

/** With types that Mallory has given checks. Arrays of domains came with PostgreSQL 11. */
const typed: Record<string, { columns: string; value: string; since?: number }> = {
  domained: {
    columns: 'id whole primary key, v word, x short, z document',
    value: `'x' || i, '{"a": 1}'`,
  },
  arrayed: {
    columns: 'id int primary key, v text, ys word[], p pair',
    value: `array['a "', null, 'b'], row(i, 'x')::hers.pair`,
    since: 11,
  },
};

const domains = (check: (value: string) => string) => `
  create domain whole as int ${check('value::text')}; create domain word as text ${check('value')};
  create domain short as varchar(5) ${check('value')}; create domain document as json ${check('value::text')};
  create type pair as (a int, b word)`;

describe.each<Setting>([
  { version: 10, role: 'superuser' },
  { version: 18, role: 'superuser' },
  { version: 14, role: 'member' },
  { version: 17, role: 'member in replica mode' },
])('on PostgreSQL $version, replicated by a $role', (setting) => {
  let on: Stage;
  beforeAll(async () => {
    on = await stage(setting);
    await on.asMallory(spy);
  });

  it('copies and follows tables with code of their owner, as their owner', async () => {
    await on.asMallory(domains((value) => `check (spy(coalesce(${value}, 'x')) is not null)`));
    await onRoot(
      on,
      domains(() => ''),
    );
    const names = Object.keys(tables).filter((name) => (tables[name]?.since ?? 0) <= setting.version);
    for (const name of names) {
      const { columns, hers, later = '' } = tables[name] ?? { columns: '', hers: '' };
      await onRoot(
        on,
        `create table ${name} (${columns}); insert into ${name} (id, v) select i, 'v' || i from generate_series(1, 20) i`,
      );
      await on.asMallory(`create table ${name} (${columns}${hers && `, ${hers}`}); ${later}`);
    }
    for (const [name, { columns, value, since = 0 }] of Object.entries(typed)) {
      if (since > setting.version) continue;
      await onRoot(
        on,
        `create table ${name} (${columns}); insert into ${name} select i, 'v' || i, ${value} from generate_series(1, 20) i`,
      );
      await on.asMallory(`create table ${name} (${columns})`);
      names.push(name);
    }
    const equal = async () => {
      expect(await setAside(on)).toEqual([]);
      for (const name of names) {
        const shown = (database: TestDatabase) =>
          database.superuser((client) =>
            client.query(
              `select id, v${typed[name] ? `, r::text as r` : ''} from hers.${name} r order by id, v`,
            ),
          );
        expect(await shown(on.new), name).toEqual(await shown(on.old));
      }
    };
    await add(on, ...names);
    await followUntilSynced(on);
    await equal();
    const each = (sql: (name: string) => string) => onRoot(on, names.map(sql).join(';'));
    await each(
      (name) => `update ${name} set v = v || 'u' where id % 3 = 0; delete from ${name} where id % 5 = 0;
        insert into ${name} (id, v) values (30, 'new')`,
    );
    await replayAll(on);
    await equal();
    // A key twice in a batch, and a key that another row had before: applied in the exact order if the set-wise form fails.
    await each(
      (name) =>
        `update ${name} set id = 100 where id = 1; update ${name} set id = 1 where id = 2; update ${name} set v = 'last' where id = 1`,
    );
    await replayAll(on);
    await equal();
    if (setting.version >= 12) await onRoot(on, 'update identified set n = default where id = 3');
    await each((name) => `truncate ${name}; insert into ${name} (id, v) values (7, 'seven')`);
    await replayAll(on);
    await equal();
    await each((name) => `truncate ${name}`);
    await replayAll(on);
    await equal();
  });

  it('copies a table without columns as its owner', async () => {
    await onRoot(on, 'create table empty (); insert into empty default values');
    await on.asMallory(`create function check_spy() returns bool language sql as $$ select hers.spy('x') is not null $$;
      create table empty (check (check_spy()))`);
    await add(on, 'empty');
    await followUntilSynced(on);
    expect(await on.asMallory('select count(*)::int as n from empty')).toEqual([{ n: 1 }]);
  });

  it('reports rights that the role does not need, and which tables are written as their owner', async () => {
    await onRoot(
      on,
      'create table noted (id int primary key, v text); create table simple (id int primary key)',
    );
    await on.asMallory(
      'create table noted (id int primary key, v text check (spy(v) is not null)); create table simple (id int primary key)',
    );
    const { result } = await add(on, 'noted', 'simple');
    const note = `new: written as its owner ${MALLORY}`;
    expect(result.tables).toEqual(
      ['noted', 'simple'].map((name) => ({ name: `hers.${name}`, state: 'new', note })),
    );
    const tooMuch = expect.stringMatching(/^new: the role postgres is a superuser/);
    expect(result.notes).toEqual(setting.role === 'superuser' ? [tooMuch] : undefined);
    const again = await install(on.shop.context('old'), {});
    expect(again.result.nodes.map(({ note }) => note)).toEqual([
      undefined,
      setting.role === 'superuser' ? tooMuch : undefined,
    ]);
  });

  it.runIf(setting.role === 'member')(
    'refuses tables with code of a role for which it may not act',
    async () => {
      await onRoot(on, 'create table foreign_owner (id int primary key, v text)');
      await on.asMallory(
        'create table foreign_owner (id int primary key, v text check (spy(v) is not null)); grant all on foreign_owner to public',
      );
      const member = `member_${MALLORY}`;
      const change = (sql: string) => on.new.superuser((client) => client.query(sql));
      await change(`revoke ${MALLORY} from ${member}`);
      await expect(add(on, 'foreign_owner')).rejects.toMatchObject({
        message: expect.stringContaining(`hers.foreign_owner belongs to ${MALLORY}, whose code would run`),
      });
      await change(`grant ${MALLORY} to ${member}`);
    },
  );

  it('checks and validates foreign keys of tables whose indexes run code, as their owner', async () => {
    await onRoot(
      on,
      `create table parent (id int primary key); create table child (id int primary key, p int references parent);
       insert into parent select generate_series(1, 9); insert into child values (1, 1)`,
    );
    // Computed when a query on the table is planned, whoever plans it.
    const index = (table: string) => `create index on ${table} (id) where spy('x') = 'x'`;
    await on.asMallory(`create table parent (id int primary key); ${index('parent')};
      create table child (id int primary key, p int references parent); ${index('child')};
      create table local (id int primary key, p int references parent); ${index('local')}`);
    await add(on, 'parent', 'child');
    await followUntilSynced(on);
    expect(
      await on.asMallory(
        'select convalidated as valid from pg_constraint where conrelid = $$child$$::regclass and contype = $$f$$',
      ),
    ).toEqual([{ valid: true }]);
    await on.asMallory('insert into local values (1, 3)');
    await onRoot(on, 'delete from parent where id = 2; insert into child values (2, 4)');
    await replayAll(on);
    expect(await setAside(on)).toEqual([]);
    await onRoot(on, 'delete from parent where id = 3');
    await replayAll(on);
    expect(await setAside(on)).toEqual([
      {
        name: 'hers.parent',
        error: expect.stringMatching(/foreign key "local_p_fkey" of table hers.local refers/),
      },
    ]);
    await on.asMallory('drop table local');
    await resync(on.shop.context('old'), { tables: ['hers.parent'], all: false });
    await followUntilSynced(on);
    for (const table of ['parent', 'child'])
      expect(await on.asMallory(`select * from ${table} order by id`)).toEqual(
        await onRoot(on, `select * from ${table} order by id`),
      );
  });
});
