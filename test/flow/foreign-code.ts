/** Tables of Mallory on the root: those whose code would run with the rights of the role that makes them on the leaf, and harmless ones. */
import { MALLORY } from '../support/owned-sides.ts';

interface Attack {
  name: string;
  /** Her table `t`, as she makes it on the root; else what it has beside the columns `id` and `v`. */
  table?: string;
  has?: string;
  /** What is refused: a part of the table, or of another object, and what it would run. */
  of?: string;
  part: string;
  runs: string;
  since?: number;
}

export const lure = `function hers.lure(text) of ${MALLORY}`;
const word = `code of type hers.word of ${MALLORY}`;
export const attacks: Attack[] = [
  { name: 'a check', has: 'constraint c check (lure(v) is not null)', part: 'check c', runs: lure },
  {
    name: 'an operator',
    has: `constraint c check (v operator(hers.=) 'x')`,
    part: 'check c',
    runs: `operator hers.=(text,text) of ${MALLORY}`,
  },
  {
    name: 'a function with a name that needs quotes, between texts that look like it',
    has: `constraint c check (v <> ' "' and "it's (""a"" b"(v) <> '"')`,
    part: 'check c',
    runs: `function hers."it's (""a"" b"(text) of ${MALLORY}`,
  },
  { name: 'a default', has: `d text default lure('x')`, part: 'default of d', runs: lure },
  {
    name: 'a generated column',
    has: 'g text generated always as (lure(v)) stored',
    part: 'generated column g',
    runs: lure,
    since: 12,
  },
  {
    name: 'the condition of an index, a constant call',
    table: `create table t (id int primary key, v text); create index i on t (id) where lure('x') = 'x'`,
    part: 'index i',
    runs: lure,
  },
  {
    name: 'the expression of an index',
    table: `create table t (id int primary key, v text); create index i on t (lure(v))`,
    part: 'index i',
    runs: lure,
  },
  {
    name: 'an exclusion',
    has: 'constraint e exclude using btree (lure(v) with =)',
    part: 'constraint e',
    runs: lure,
  },
  {
    name: 'a partition key',
    table: `create table t (id int, v text) partition by range (lure(v));
      create table t_1 partition of t for values from (minvalue) to (maxvalue)`,
    part: 'partition key',
    runs: lure,
  },
  {
    name: 'a function of PostgreSQL that acts',
    has: 'constraint c check (lo_create(id::oid) > 0)',
    part: 'check c',
    runs: 'lo_create',
  },
  {
    name: 'a default that acts',
    has: `d text default set_config('search_path', 'hers', false)`,
    part: 'default of d',
    runs: 'set_config',
  },
  {
    name: 'a query in a text',
    has: `constraint c check (query_to_xml('select hers.lure(''x'')', false, false, '') is not null)`,
    part: 'check c',
    runs: 'query_to_xml',
  },
  {
    name: 'a view in a text',
    has: `constraint c check (schema_to_xml('hers', false, false, '') is not null)`,
    part: 'check c',
    runs: 'schema_to_xml',
  },
  {
    name: 'the input of a type that is named by its number',
    has: `constraint c check (array_in('{x}', 'hers.word'::regtype, -1) is not null)`,
    part: 'check c',
    runs: 'array_in',
  },
  {
    name: 'a look at a relation',
    has: `constraint c check (pg_relation_is_updatable('hers.t', true) > 0)`,
    part: 'check c',
    runs: 'pg_relation_is_updatable',
  },
  {
    name: 'a function of an extension that acts',
    has: `constraint c check (public.dblink_exec('dbname=postgres', v) <> '')`,
    part: 'check c',
    runs: 'public.dblink_exec',
  },
  {
    name: 'a function of pgtide',
    has: `constraint c check (pgtide.has_rows(id::oid))`,
    part: 'check c',
    runs: 'pgtide.has_rows',
  },
  {
    name: 'a function of hers that is found before one of a superuser',
    has: `constraint c check (public.over(v) is not null)`,
    part: 'check c',
    runs: `function public.over(text) of ${MALLORY}`,
  },
  {
    name: 'a function of a superuser that gives an enum of hers',
    has: `constraint c check (public.mood_of(id)::text <> '')`,
    part: 'check c',
    runs: `type hers.mood of ${MALLORY}`,
  },
  { name: 'a domain of hers', has: 'w word', part: 'column w', runs: word },
  { name: 'a domain of hers in an array', has: 'w word[]', part: 'column w', runs: word, since: 11 },
  {
    name: 'a row type of hers',
    has: 'p pair',
    part: 'column p',
    runs: `code of type hers.pair of ${MALLORY}`,
  },
  { name: 'a domain of hers in a type of a superuser', has: 'p public.deep', part: 'column p', runs: word },
  {
    name: 'an enum of hers, which has a cast',
    has: 'm mood, constraint c check (to_json(m) is not null)',
    part: 'column m',
    runs: `code of type hers.mood of ${MALLORY}`,
  },
  {
    name: 'a domain of hers that only an expression names',
    has: 'constraint c check (v::word is not null)',
    part: 'check c',
    runs: word,
  },
  { name: 'a domain that is made', has: 'n narrow', of: 'hers.narrow', part: 'check c', runs: lure },
  {
    name: 'a domain under one that is made, in an array',
    has: 'n narrower[]',
    of: 'hers.narrow',
    part: 'check c',
    runs: lure,
    since: 11,
  },
  {
    name: 'the default of a domain that is made',
    has: 'n numbered',
    of: 'hers.numbered',
    part: 'default',
    runs: 'lo_creat',
  },
  {
    name: 'a type of a superuser that is made of one',
    has: 'n public."outer"',
    part: 'column n',
    runs: word,
  },
  { name: 'a type that is made of one', has: 'n mixed', of: 'hers.mixed', part: 'attribute a', runs: word },
];

/** Tables that may be made: `has` is part of a table of hers. */
export const innocents: Record<string, { has: string; since?: number }> = {
  keyed: { has: 'n serial, u text unique, foreign key (n) references keyed' },
  identified: { has: 'n bigint generated always as identity' },
  defaulted: {
    has: `a timestamptz default now(), b timestamptz default clock_timestamp(), c name default current_user, r float default random(),
      d text default 'hers.lure(''x'')', e timestamp default (now() at time zone 'utc'), l label default 'x'`,
  },
  unique_ids: { has: `a uuid default public.uuid_generate_v4(), b bytea default public.gen_random_bytes(4)` },
  typed: { has: `m feeling default 'good', n feeling[] default '{bad}', s small default 3, p plain` },
  shared: { has: `m public.shade default 'dark', s public.share, check (m::text <> 'x' and s < 5)` },
  generated: { has: 'g text generated always as (upper(v) || id) stored', since: 12 },
  checked: {
    has: `check (v ~ '^[a-z]*$' and length(v) < 10 and id > 0 and coalesce(v, 'x') in ('x', 'y'))`,
  },
  excluded: { has: 'r int4range, exclude using gist (r with &&) where (id > 5)' },
  vouched: { has: `w text default public.vouched('x'), check (public.vouched(v) is not null)` },
  cited: { has: `c public.citext check (c <> 'x')` },
};
