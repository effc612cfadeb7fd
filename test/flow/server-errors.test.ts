/**
 * An error that our client throws for a server's error holds no value, parameter or row of the statement, and no text that
 * a user's function raises, on any version. Of the names it keeps those that help.
 */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { copyIn } from '../../lib/db/copy-in.ts';
import { PgtideError } from '../../lib/errors.ts';
import { canonicalLine } from '../../lib/runtime/run-log.ts';
import { createDatabase, type OpenClient, postgres, type TestDatabase } from '../support/database.ts';
import { allOf } from '../support/leaks.ts';

const CANARY = 'kanarienvogel';

const setup = `
  create table t (id int primary key, v text, n int check (n < 100), d date not null default current_date, unique (v));
  insert into t values (1, '${CANARY}', 1), (2, 'other', 2);
  create table child (id int references t);
  create table plain as select v from t;
  create domain small as text check (length(value) < 3);
  create type mood as enum ('fine');
  create view positive as select * from t where n > 0 with check option;
  create function shout(v text) returns text language plpgsql as
    $$ begin raise exception 'no %', v using detail = v, hint = v, table = v, column = v, constraint = v, datatype = v, schema = v; end $$;
  create function shout_as(v text, state text) returns text language plpgsql as $$ begin raise exception 'no %', v using errcode = state, hint = v; end $$;
  create function dynamic(v text) returns text language plpgsql as $$ declare r text; begin execute 'select ' || v into r; return r; end $$;
  create function inlined(v text) returns regclass language sql as $$ select v::regclass $$;
  create function relabelled(v text) returns text language plpgsql as $$ begin perform v::int; return v; exception when others then raise; end $$;
  create function relayed(v text) returns text language plpgsql as $$ begin perform v::int; return v; exception when others then raise exception '%', sqlerrm using errcode = '57014'; end $$;
`;

/** SQL with the canary as :v, and the least that the message says. */
const statements: [sql: string, says: RegExp][] = [
  ['select (:v || :v)::int', /22P02 invalid_text_representation$/],
  [':v::json', /22P02/],
  [`('{"a": ' || :v || '}')::jsonb`, /22P02/],
  [':v::date', /22007 invalid_datetime_format/],
  [`('2026-99-99 ' || :v)::timestamptz`, /^.*: 22007|22008/],
  [':v::uuid', /22P02/],
  [':v::mood', /22P02/],
  [':v::small', /23514 check_violation: type public\.small, constraint small_check$/],
  [':v::regclass', /42P01 undefined_table$/],
  [':v::regtype', /42704 undefined_object$/],
  [':v::regproc', /42883 undefined_function$/],
  [':v::regrole', /42704/],
  [`(:v || '.b.c.d')::regclass`, /42601|42602|0A000/],
  [`to_tsquery('simple', :v || ' & & (')`, /42601/],
  [`('<a>' || :v)::xml`, /2200N|2200M|0A000/],
  [`regexp_replace('a', '(' || :v, '')`, /2201B/],
  [`convert_from(convert_to(:v, 'UTF8') || '\\xff'::bytea, 'UTF8')`, /22021/],
  [`convert_to(:v || chr(9731), 'LATIN1')`, /22P05/],
  [`decode(:v, 'hex')`, /22023/],
  [`to_number(:v, '999') + to_date(:v, :v || 'YYYY')::text::numeric`, /22/],
  [`current_setting(:v)`, /42704/],
  [`set_config('timezone', :v, true)`, /22023/],
  [`nextval(:v)`, /42P01/],
  [`pg_input_error_message(:v)`, /42883 undefined_function: pg_input_error_message/],
  [`has_table_privilege(:v, 'select')`, /42P01/],
  [`set_config('role', :v, true)`, /22023|42704/],
  [`(9e120)::numeric(3) + length(:v)`, /22003/],
  [`shout(:v)`, /P0001 raise_exception: function (?:public\.)?shout$/],
  [`shout_as(:v, 'TD001')`, /TD001: function (?:public\.)?shout_as$/],
  [`shout_as(:v, '42501')`, /42501 insufficient_privilege: function (?:public\.)?shout_as$/],
  [`shout_as(:v, '57014')`, /57014 query_canceled: function (?:public\.)?shout_as$/],
  [`shout_as(:v, '08006')`, /08006/],
  [`dynamic(:v)`, /42703 undefined_column$/],
  [`dynamic('"' || :v || '"()')`, /42883|42601/],
  [`dynamic('1 from ' || :v)`, /42P01 undefined_table$/],
  [`dynamic(:v || ' :::')`, /42601 syntax_error$/],
  [`inlined(:v)`, /42P01 undefined_table$/],
  [`relabelled(:v)`, /22P02/],
  [`relayed(:v)`, /57014 query_canceled: function (?:public\.)?relayed$/],
  [`insert into t values (3, :v, 3)`, /23505 unique_violation: table public\.t, constraint t_v_key$/],
  [
    `insert into t values (4, :v || '!', 999)`,
    /23514 check_violation: table public\.t, constraint t_n_check$/,
  ],
  [`insert into t values (4, :v || '!', 1, null)`, /23502 not_null_violation: table public\.t, column d$/],
  [`insert into t select 1, :v || '!', 3`, /23505 .*t_pkey$/],
  [
    `delete from t where v = :v`,
    /23503 foreign_key_violation: table public\.child, constraint child_id_fkey$/,
  ],
  [`insert into child select length(:v)`, /23503/],
  [`update positive set n = -1 where v = :v`, /44000 with_check_option_violation$/],
  [`select v.* from t v where nope = :v`, /42703 undefined_column: nope$/],
  [`select * from nowhere.nothing where 1 = length(:v)`, /42P01 undefined_table: nowhere\.nothing$/],
  [`select missing(:v)`, /42883 undefined_function: missing$/],
  [`select '${CANARY}'::int`, /22P02/],
  [`select 1 where x = '${CANARY}'`, /42703 undefined_column: x$/],
  [`selec '${CANARY}'`, /42601 syntax_error$/],
  [`select '${CANARY}' '${CANARY}'`, /42601 syntax_error$/],
  [
    `alter table t add constraint again check (v <> '${CANARY}')`,
    /23514 check_violation: table public\.t, constraint again$/,
  ],
  [`alter table plain alter v type int using v::int`, /22P02/],
  [`create index on t ((v::int))`, /22P02/],
  [`create unique index on t ((left(v || '${CANARY}', 0)))`, /23505/],
  [`do $$ begin raise exception '${CANARY}' using errcode = 'TD002'; end $$`, /TD002$/],
  [`create role x password '${CANARY}' nonsense`, /42601 syntax_error$/],
  [`alter user nobody_here encrypted password '${CANARY}'`, /42704 undefined_object: nobody_here|42501/],
];

describe.each([10, 15, 18])('PostgreSQL %i', (version) => {
  let database: TestDatabase;
  let open: OpenClient;
  let client: Client;

  beforeAll(async () => {
    database = await createDatabase(await postgres(version), { installed: true });
    open = await database.open();
    client = open.client;
    await client.query(setup);
    await client.query('insert into child values (1)');
  });
  afterAll(() => open.close());

  const failure = (work: Promise<unknown>): Promise<PgtideError> =>
    work.then(
      () => {
        throw new Error('it succeeded');
      },
      (error) => error,
    );

  const report = (error: PgtideError) =>
    JSON.stringify(
      canonicalLine(
        {
          unit: 'replay',
          queue: 'q',
          node: 'n',
          outcome: null,
          repeats: 0,
          counts: {},
          gauges: {},
          steps: {},
          durationMs: 0,
          error,
        },
        0,
      ),
    );

  it.each(statements)('%s', async (sql, says) => {
    const statement = /^(select|insert|delete|update|alter|create|do|selec) /.test(sql)
      ? sql
      : `select ${sql}`;
    const asParameter = statement.includes(':v');
    const error = await failure(
      asParameter
        ? client.query(statement.replaceAll(':v', '($1::text)'), [CANARY])
        : client.query(statement),
    );
    expect(error).toBeInstanceOf(PgtideError);
    expect(error.message).toMatch(says);
    expect(allOf(error) + report(error)).not.toContain(CANARY);
    if (!asParameter) return;
    // The same with the value as a literal.
    const literal = await failure(client.query(statement.replaceAll(':v', `('${CANARY}'::text)`)));
    expect(allOf(literal) + report(literal)).not.toContain(CANARY);
  });

  it.each([
    ['a type', 'copy t (id, n) from stdin', `7\t${CANARY}\n`, /22P02 .*: column n$/],
    ['a key', 'copy t (id, v) from stdin', `7\t${CANARY}\n`, /23505 .*constraint t_v_key$/],
    ['a check', 'copy t (id, v, n) from stdin', `7\t${CANARY}!\t1000\n`, /23514 .*constraint t_n_check$/],
    ['a missing value', 'copy t (id, v, d) from stdin', `7\t${CANARY}!\t\\N\n`, /23502 .*column d$/],
    ['too many columns', 'copy t (id) from stdin', `7\t${CANARY}\n`, /22P04/],
  ])('COPY, %s', async (_, statement, line, says) => {
    const lines = Readable.from([line]);
    const error = await failure(copyIn(client, statement, lines));
    expect(error.message).toMatch(says);
    expect(allOf(error) + report(error)).not.toContain(CANARY);
  });

  it("errors that pgtide's functions raise are shown, with their hints", async () => {
    const error = await failure(client.query(`select pgq.next_batch('nowhere', 'absent')`));
    expect(error.message).toContain('Not subscriber to queue: nowhere/absent');
    expect(error.remedy).toContain('pgq.register_consumer');
  });

  it('a missing right names the object', async () => {
    const error = await failure(client.query('select * from pg_catalog.pg_authid'));
    expect(error.message).toContain('permission denied for');
    expect(error.message).toContain('pg_authid');
  });
});
