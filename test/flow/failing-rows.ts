/** Rows that a subscriber refuses, and the reported reason: types, keys, checks, and functions that repeat values. */

export const CANARY = 'kanarienvogel';
export const NUMBER = '90210777';

export interface Story {
  /** Statements on the subscriber; TABLE is the table (id int primary key, v text). */
  spoil: string;
  /** The value of v; default the canary. */
  value?: string;
  /** The reason, besides the event's id. By default the state is enough. */
  says: RegExp;
  /** Each row fails, and the first one is named. */
  all?: true;
}

const typed = (type: string, says = /^22/): Story => ({
  spoil: `alter table TABLE alter v type ${type} using null`,
  says,
});

/** A user's function, which a check calls with the value. */
const raising = (name: string, body: string, says: RegExp): Story => ({
  spoil: `create function ${name}(v text) returns bool language plpgsql as $$ begin if v is not null then ${body}; end if; return true; end $$;
    alter table TABLE add constraint own check (${name}(v))`,
  says,
});

export const stories: Record<string, Story> = {
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
  // A user's function that raises one of our SQLSTATEs, or has one of our names.
  disguised: raising(
    'disguised',
    `raise exception 'table % is not there', v using errcode = 'TD007', constraint = v`,
    /^TD007: function public\.disguised, event \d+$/,
  ),
  quoted: raising(
    '"pgtide._apply_set("',
    `raise exception '%', v using errcode = 'TD004'`,
    /^TD004: function public\."pgtide\._apply_set\(", event \d+$/,
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
