/** As whom the rows of a subscriber's table are written: as its owner where a write runs the owner's code, and only there. */
import { beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';

const OTHER = 'other_table_runner';
const THIRD = 'third_table_runner';

const setUp = `create function f(v text) returns text language sql immutable as $$ select $1 $$;
  create function g() returns trigger language plpgsql as $$ begin return null; end $$;
  create type mood as enum ('calm', 'wild'); create type moods as range (subtype = mood); create type pair as (a int, b mood);
  create domain natural_number as int; create type deep as (n natural_number);
  create function to_mood(text) returns mood language sql as $$ select 'calm'::mood $$;
  create cast (text as mood) with function to_mood(text) as assignment;
  create function apart(int, int) returns float8 language sql immutable as $$ select 1.0::float8 $$;
  create type counted as range (subtype = int4, subtype_diff = apart);
  create table referred (id int primary key);`;

/** Columns and constraints of a table, and what else is done to it; `since` the version that has it. */
type Form = [table: string, more?: string, since?: number];

const plain: Form[] = [
  ['id serial primary key, v text default now(), w timestamptz default current_timestamp'],
  ['id int generated always as identity, r int references referred'],
  [
    `v text check (length(v) < 5 and v in ('a', 'b') or lower(v) ~ 'x'), n numeric check (n between 0 and 10 and n <> 3)`,
  ],
  [`v varchar(9) collate "C" check (v::text || 'x' > coalesce(nullif(v, ''), 'y') collate "C")`],
  ['m mood, ms mood[], mr moods, s int4range, j jsonb, d date, t timestamp, b bytea'],
  [`m mood default 'calm', a int[] default '{1}', c text default case when true then 'x' end`],
  ['v text, n int', 'create index on % (lower(v)); create unique index on % (n) where n > 0'],
  ['n int, exclude using gist (int4range(n, n + 1) with &&)'],
  ['id uuid default gen_random_uuid()', '', 13],
  ['n int, g int generated always as (n * 2) stored', '', 12],
  [
    'id int, v text',
    'create trigger a after insert on % for each row execute procedure g(); alter table % disable trigger a',
  ],
  [
    'id int, v text',
    'create policy p on % using (f(v) is not null); alter table % enable row level security',
  ],
];

const code: Form[] = [
  ['v text check (f(v) is not null)'],
  [`v text check (query_to_xml('select 1', true, true, '') is not null)`],
  [`v text check (format('%%s', v) is not null)`],
  ['v text check (to_json(v) is not null)'],
  [`v text check ((v::pair).a > 0)`],
  [`v text default current_setting('search_path')`],
  [`v text default f('x')`],
  ['v text, m mood check (m = v::mood)'],
  ['n natural_number'],
  ['d deep'],
  ['p pair'],
  ['c counted'],
  ['ds deep[]'],
  ['v text', 'create index on % (f(v))'],
  ['v text, n int', 'create index on % (n) where f(v) is not null'],
  ['v text, exclude using btree (f(v) with =)'],
  ['v text, g text generated always as (f(v)) stored', '', 12],
  [
    'v text',
    'create trigger a after truncate on % for each statement execute procedure g(); alter table % enable always trigger a',
  ],
  ['v text', 'create rule r as on insert to % do also select 1; alter table % enable always rule r'],
  ['v text', 'create table %_child () inherits (%)'],
];

describe.each([10, 14, 18])('on PostgreSQL %i', (version) => {
  let database: TestDatabase;
  let nr = 0;

  const asOther = (sql: string) =>
    withClient(database.targetAs(OTHER), 'test', (client) =>
      client.query(`set search_path = theirs; ${sql}`),
    );
  const runner = async (table: string, as: TestDatabase['client'] = database.client): Promise<unknown> =>
    as(async (client) => {
      const [row] = await client.query('select pgtide.table_runner($1::text::regclass) as runner', [
        `theirs.${table}`,
      ]);
      return row?.runner;
    });
  const make = async ([columns, more = '']: Form): Promise<string> => {
    const table = `t${nr++}`;
    await asOther(`create table ${table} (${columns.replaceAll('%%', '%')}); ${more.replaceAll('%', table)}`);
    return table;
  };

  beforeAll(async () => {
    const server = await postgres(version);
    database = await createDatabase(server, { installed: true });
    for (const role of [OTHER, THIRD]) await createRole(server, role);
    await database.superuser((client) =>
      client.query(
        `grant ${OTHER} to app; create schema theirs authorization ${OTHER}; grant usage on schema theirs to public`,
      ),
    );
    await asOther(setUp);
  });

  const known = (forms: Form[]) => forms.filter(([, , since = 0]) => since <= version);

  it.each(known(plain))('%s %s: as the role that replicates', async (...form) => {
    const table = await make(form);
    expect(await runner(table, database.superuser)).toBeNull();
    await asOther(`alter table ${table} add id_2 int`);
    expect(await runner(table)).toBeNull();
  });

  it.each(known(code))('%s %s: as the owner', async (...form) => {
    const table = await make(form);
    const replica = `set session_replication_role = replica`;
    const expected = expect.stringMatching(/^pgtide\.run_as_[0-9a-f]{32}$/);
    expect(
      await runner(table, (work) =>
        database.superuser(async (client) => {
          await client.query(replica);
          return work(client);
        }),
      ),
    ).toEqual(expected);
    expect(await runner(table)).toEqual(expected);
  });

  it('asks for the owner, and refuses code of an owner whose member it is not', async () => {
    const table = await make(['v text check (f(v) is not null)']);
    await database.superuser((client) =>
      client.query(`alter table theirs.${table} owner to ${THIRD}; grant all on theirs.${table} to public`),
    );
    await expect(runner(table)).rejects.toMatchObject({
      message: expect.stringContaining(`code of role ${THIRD} would run with the rights of role app`),
      remedy: expect.stringContaining(`grant ${THIRD} to app`),
    });
    await database.superuser((client) => client.query(`alter table theirs.${table} owner to app`));
    expect(await runner(table)).toBeNull();
    await database.superuser((client) => client.query(`alter table theirs.${table} owner to postgres`));
    expect(await runner(table)).toBeNull();
  });

  it('refuses code under row security that is forced upon the owner', async () => {
    const table = await make(['v text check (f(v) is not null)']);
    await asOther(`alter table ${table} enable row level security, force row level security`);
    await expect(runner(table)).rejects.toMatchObject({
      remedy: expect.stringContaining('no force row level security'),
    });
  });

  it('makes a runner again that its owner has altered', async () => {
    const table = await make(['v text check (f(v) is not null)']);
    const name = String(await runner(table));
    await database.superuser((client) => client.query(`grant usage on schema pgtide to ${OTHER}`));
    for (const change of [
      'security invoker',
      'set search_path = theirs',
      'reset all',
      `set work_mem = '1MB'`,
    ]) {
      await asOther(`alter function ${name}(text, bigint, tid[]) ${change}`);
      expect(await runner(table)).toBe(name);
      expect(
        await database.client((client) =>
          client.query(
            `select prosecdef, proconfig, proowner::regrole::text as owner, has_function_privilege('${THIRD}', oid, 'execute') as for_all
               from pg_proc where oid = $1::text::regprocedure`,
            [`${name}(text, bigint, tid[])`],
          ),
        ),
      ).toEqual([
        { prosecdef: true, proconfig: ['search_path=pg_catalog, pg_temp'], owner: OTHER, for_all: false },
      ]);
    }
    expect(
      await database.client((client) =>
        client.query(`select has_schema_privilege('${OTHER}', 'pgtide', 'create') as creates`),
      ),
    ).toEqual([{ creates: false }]);
  });

  it('keeps partitions from being attached, and rows of new children out, until the write has committed', async () => {
    const partitions = await make(['id int, v text) partition by range (id']);
    await asOther(`create table ${partitions}_1 partition of ${partitions} for values from (0) to (10);
      create table ${partitions}_2 (id int, v text check (f(v) is not null))`);
    const parent = await make(['id int, v text']);
    await asOther(`create table ${parent}_child (id int, v text check (f(v) is not null))`);
    await database.superuser(async (client) => {
      await client.query('begin');
      for (const table of [partitions, parent])
        expect(
          await client.query(
            `select pgtide.table_runner('theirs.${table}'::regclass) as runner, pgtide.rows_of('theirs.${table}'::regclass) as rows`,
          ),
        ).toEqual([{ runner: null, rows: table === parent ? `only theirs.${table}` : `theirs.${table}` }]);
      await expect(
        asOther(
          `set lock_timeout = '300ms'; alter table ${partitions} attach partition ${partitions}_2 for values from (10) to (20)`,
        ),
      ).rejects.toThrow('55P03');
      await expect(
        asOther(`set lock_timeout = '300ms'; alter table ${partitions}_1 add check (f(v) is not null)`),
      ).rejects.toThrow('55P03');
      await asOther(`alter table ${parent}_child inherit ${parent}`);
      await client.query('commit');
    });
    await asOther(`alter table ${partitions} attach partition ${partitions}_2 for values from (10) to (20)`);
    for (const table of [partitions, parent]) expect(await runner(table)).not.toBeNull();
  });
});
