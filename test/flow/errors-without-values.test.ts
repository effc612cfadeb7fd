/**
 * No value of a row is in what replay and copy throw, log and remember, whatever a table's rows meet on the subscriber: types, keys,
 * checks, triggers and functions of users who put values into every text that they can. The table, constraint, column and
 * event are named.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Budget } from '../../lib/budget.ts';
import { concludeError } from '../../lib/cli/verdict.ts';
import { systemClock } from '../../lib/clock.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import { copy } from '../../lib/units/copy.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { allOf } from '../support/leaks.ts';
import { consume } from '../support/queue.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

afterEach(() => void vi.unstubAllEnvs());

const CANARY = 'kanarienvogel';
const NUMBER = '90210777';

interface Story {
  /** What is made on the subscriber; TABLE is the table (id int primary key, v text). */
  spoil: string;
  /** The value of v; default the canary. */
  value?: string;
  /** What the reason says besides the event's id; default all that is needed is the state. */
  says: RegExp;
  /** Each row fails, and the first is named. */
  all?: true;
}

const typed = (type: string, says = /^22/): Story => ({
  spoil: `alter table TABLE alter v type ${type} using null`,
  says,
});

/** A function of a user that a check calls with the value. */
const raising = (name: string, body: string, says: RegExp): Story => ({
  spoil: `create function ${name}(v text) returns bool language plpgsql as $$ begin if v is not null then ${body}; end if; return true; end $$;
    alter table TABLE add constraint own check (${name}(v))`,
  says,
});

const stories: Record<string, Story> = {
  int: typed('int', /^22P02 invalid_text_representation: table public\.int, column v, event \d+$/),
  uuid: typed('uuid', /^22P02 .*column v/),
  bool: typed('bool'),
  date: typed('date', /^22007 invalid_datetime_format: .*column v/),
  stamp: typed('timestamptz'),
  interval: typed('interval'),
  float: typed('float8'),
  decimal: typed('numeric'),
  inet: typed('inet'),
  macaddr: typed('macaddr'),
  point: typed('point'),
  bits: typed('bit varying'),
  json: typed('json', /^22P02/),
  jsonb: typed('jsonb'),
  range: typed('int4range'),
  ints: typed('int[]'),
  oid: typed('oid'),
  lsn: typed('pg_lsn'),
  snapshot: typed('txid_snapshot'),
  tid: typed('tid'),
  relation: typed('regclass', /^42P01 undefined_table/),
  type: typed('regtype', /^42704 undefined_object/),
  procedure: typed('regproc', /^42883 undefined_function/),
  config: typed('regconfig', /^42704/),
  words: { ...typed('tsquery', /^42601/), value: `${CANARY} & & (` },
  short: typed(
    'varchar(5)',
    /^22001 string_data_right_truncation: table public\.short, column v, event \d+$/,
  ),
  overflow: { ...typed('smallint', /^22003 numeric_value_out_of_range: .*column v/), value: NUMBER },
  precise: { ...typed('numeric(3)', /^22003/), value: NUMBER },
  dateparts: { ...typed('date'), value: `9021-07-77 ${CANARY}` },
  composite: {
    spoil: 'create type TABLE_pair as (a int, b int); alter table TABLE alter v type TABLE_pair using null',
    value: `(${CANARY},${NUMBER})`,
    says: /^22P02/,
  },
  mood: {
    spoil: `create type TABLE_mood as enum ('fine'); alter table TABLE alter v type TABLE_mood using null`,
    says: /^22P02 .*column v/,
  },
  domain: {
    spoil: `create domain TABLE_d as text constraint never check (value !~ 'kan'); alter table TABLE alter v type TABLE_d using null`,
    says: /^23514 check_violation: .*type public\.domain_d, constraint never, event \d+$/,
  },
  checked: {
    spoil: `alter table TABLE add constraint not_this check (v !~ 'kan')`,
    says: /^23514 check_violation: table public\.checked, constraint not_this, event \d+$/,
  },
  missing: {
    spoil: 'alter table TABLE add extra int; alter table TABLE alter extra set not null',
    says: /^23502 not_null_violation: table public\.missing, column extra, event \d+$/,
    all: true,
  },
  unique: {
    spoil: `alter table TABLE add constraint one_v unique (v); set pgtide.applying = 'on'; insert into TABLE values (99, '${CANARY}'); reset pgtide.applying`,
    says: /^23505 unique_violation: table public\.unique, constraint one_v, event \d+$/,
  },
  excluded: {
    spoil: `alter table TABLE add constraint no_two exclude using btree (v with =); set pgtide.applying = 'on'; insert into TABLE values (99, '${CANARY}'); reset pgtide.applying`,
    says: /^23P01 exclusion_violation: table public\.excluded, constraint no_two, event \d+$/,
  },
  expression: {
    spoil: 'create index on TABLE ((v::int))',
    says: /^22P02 .*event \d+$/,
  },
  partial: {
    spoil: `create index on TABLE (id) where v::numeric > 1`,
    says: /^22P02 .*event \d+$/,
  },
  raised: raising(
    'shout',
    `raise exception 'no % here', v using detail = v, hint = v, table = v, column = v, constraint = v, datatype = v, schema = v`,
    /^P0001 raise_exception: function public\.shout, event \d+$/,
  ),
  // A function of a user that takes a state, or a name, of ours.
  disguised: raising(
    'disguised',
    `raise exception 'table % is not there', v using errcode = 'TD007', constraint = v`,
    /^TD007: function public\.disguised, event \d+$/,
  ),
  quoted: raising(
    '"pgtide.apply_set("',
    `raise exception '%', v using errcode = 'TD004'`,
    /^TD004: function public\."pgtide\.apply_set\(", event \d+$/,
  ),
  unique_faked: raising(
    'fake_unique',
    `raise exception '%', v using errcode = '23514', table = v, constraint = v`,
    /^23514 check_violation: function public\.fake_unique, event \d+$/,
  ),
  dynamic: raising('dynamic', `execute 'select ' || v`, /^42703 undefined_column.*event \d+$/),
  dynamic_call: raising('dynamic_call', `execute 'select ' || v || '()'`, /^42883 undefined_function/),
  asserted: raising('asserted', 'assert false, v', /^P0004 assert_failure/),
  strict: raising('strictly', `perform (v || '1')::int`, /^22P02/),
  cased: raising('cased', `case v when 'x' then null; end case`, /^20000 case_not_found/),
};
/** A column of another type is mostly told before its values are read; copy reads them all the same. */
const MISFIT = /^table public\..+: the subscriber's .+ does not keep every .+ of the provider in column v/;
const saysOf = (name: string, reason = '') =>
  stories[name]?.spoil.includes('alter v type') && MISFIT.test(reason)
    ? MISFIT
    : (stories[name]?.says ?? /./);

const groups = [0, 1, 2, 3].map((rest) => Object.keys(stories).filter((_, index) => index % 4 === rest));
const value = (name: string) => stories[name]?.value ?? CANARY;

async function spoiled(subscriber: number, onConflict: string, some: string[]): Promise<InstalledPair> {
  const pair = await installedPair({ provider: 17, subscriber }, { onConflict });
  await pair.both(
    [...some, 'good'].map((name) => `create table ${quoted(name)} (id int primary key, v text);`).join(''),
  );
  await addTables(pair, [...some, 'good']);
  await followUntilSynced(pair);
  for (const name of some)
    await pair.new.superuser((client) =>
      client.query(
        `set search_path = public; ${stories[name]?.spoil.replaceAll('TABLE_', `${name}_`).replaceAll('TABLE', quoted(name))}`,
      ),
    );
  await pair.old.client((client) => client.query(`select pgq.register_consumer('shop', 'watcher')`));
  await pair.old.client((client) =>
    client.query(
      `insert into good values (1, 'x'); ${some
        .map(
          (name) =>
            `insert into ${quoted(name)} values (1, null), (2, null), (3, '${value(name)}'), (4, null);`,
        )
        .join('')}`,
    ),
  );
  return pair;
}

const quoted = (name: string) => `"${name}"`;

const rowsOf = (pair: InstalledPair, query: string) => pair.new.superuser((client) => client.query(query));

const request = {
  unitName: 'replay',
  unit: replay,
  queue: 'shop',
  node: 'new',
  leaseStore: null,
  owner: 'test',
  secrets: createSecretReader(),
  budgetMs: 60_000,
  clock: systemClock,
} as const;

async function expectNothingShown(pair: InstalledPair): Promise<void> {
  const shown = [
    await rowsOf(pair, 'select * from pgtide.table_state'),
    await rowsOf(pair, 'select * from pgtide.saved_ddl'),
    await rowsOf(pair, 'select * from pgtide.table_stats'),
    await rowsOf(pair, 'select * from pgq_node.local_state'),
    (await status(pair.shop.context('old'), {})).result,
  ];
  const text = allOf(shown);
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain(NUMBER);
}

describe.each([10, 18])('PostgreSQL %i', (version) => {
  it.each(groups)(
    'tables that are set aside have reasons without values, and the event: %s, …',
    async (...names) => {
      const pair = await spoiled(version, 'set-aside', names);
      await tickNow(pair);
      // The search for an event ends after a part of the statement's time.
      await replay(pair.shop.context('new', { budget: new Budget(systemClock, 1_000_000) }));
      const errors = (await rowsOf(
        pair,
        `select replace(table_name, 'public.', '') as name, error from pgtide.table_state where error is not null order by 1`,
      )) as { name: string; error: string }[];
      await expectNothingShown(pair);
      const reasons = Object.fromEntries(errors.map(({ name, error }) => [name, error]));
      expect(names.filter((name) => reasons[name] === undefined)).toEqual([]);
      for (const name of names) {
        const says = saysOf(name, reasons[name]);
        expect.soft(reasons[name], name).toMatch(says);
        if (says !== MISFIT) expect.soft(reasons[name], name).toMatch(/event \d+$/);
      }
      expect(await rowsOf(pair, 'select * from good')).toEqual([{ id: 1, v: 'x' }]);
      // The event is that of the row with the value, the third of each table.
      for (const { ev_id: id, ev_extra1: table, ev_data: data } of await pair.old.client((client) =>
        consume(client, 'shop', 'watcher'),
      ))
        if (table !== 'public.good' && /"id" *: *3\b/.test(data ?? '')) {
          const name = table?.replace('public.', '') ?? '';
          if (!stories[name]?.all && saysOf(name, reasons[name]) !== MISFIT)
            expect.soft(reasons[name]).toMatch(new RegExp(`event ${id}$`));
        }

      // The same rows by copy.
      await resync(pair.shop.context('old'), { tables: names.map((name) => `public.${name}`), all: false });
      for (let round = 0; round < 3; round++) {
        await copy(pair.shop.context('new')).catch((error: unknown) =>
          expect(allOf(error)).not.toContain(CANARY),
        );
        await replayAll(pair).catch((error: unknown) => expect(allOf(error)).not.toContain(CANARY));
      }
      await expectNothingShown(pair);
    },
  );

  it.each(['checked', 'int', 'unique', 'disguised', 'raised', 'missing'])(
    'stop, %s: what is thrown, logged and said on stderr has no value, nor has its cause',
    async (name) => {
      const pair = await spoiled(version, 'stop', [name]);
      await tickNow(pair);
      const lines: unknown[] = [];
      const { config } = pair.shop.context('new');
      const report = await runUnit({
        ...request,
        config,
        log: (line) => lines.push(line),
      });
      const said: string[] = [];
      vi.stubEnv('PGTIDE_DEBUG', '1');
      concludeError(
        { out: () => undefined, err: (text: string) => void said.push(text) } as never,
        report.error,
      );
      const message = report.error?.message.replace(/^new: /, '') ?? '';
      expect(message).toMatch(saysOf(name, message));
      const text = `${allOf(report.error)}\n${JSON.stringify(lines)}\n${said.join('\n')}`;
      expect(text).not.toContain(CANARY);
      await expectNothingShown(pair);
      expect(await rowsOf(pair, 'select cur_error from pgq_node.local_state')).toMatchObject([
        { cur_error: report.error?.message },
      ]);
    },
  );

  it('values are shown only where they were asked for, in the log line and nowhere else', async () => {
    const pair = await spoiled(version, 'set-aside', ['checked']);
    await tickNow(pair);
    const lines: unknown[] = [];
    const config = { ...pair.shop.context('new').config, errors: { showValues: true } };
    const [place] = await rowsOf(pair, `select current_setting('data_directory') as data`);
    const serverLog = () => readFileSync(join(String(place?.data), '..', 'postgres.log'), 'utf8');
    const before = serverLog().length;
    const { serverTexts } = await runUnit({ ...request, config, log: (line) => lines.push(line) });
    expect(JSON.stringify(lines)).toContain(CANARY);
    expect(serverLog().slice(before)).not.toContain(CANARY);
    // Other notices are left out: a line has a few texts, and they are those of errors.
    expect(serverTexts).toEqual([expect.stringMatching(new RegExp(`not_this[^]*\\(3, ${CANARY}\\)`))]);
    await expectNothingShown(pair);
  });
});
