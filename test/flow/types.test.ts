/**
 * Values survive: every type, at its extremes, by copy and by events, with any settings of the writing session, the role
 * and the database on either side.
 */
import { describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import type { TestDatabase } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';
import type { TypeValues } from './typed-values.ts';
import { baseTypes, typeDefinitions } from './types-composed.ts';
import { typeValues } from './types-values.ts';

/** Settings that a writer's session may have. */
const sessions: string[] = [
  `set datestyle = 'German'; set intervalstyle = 'sql_standard'; set timezone = 'Asia/Kolkata'; set extra_float_digits = -15;
   set bytea_output = 'escape'; set search_path = ''; set standard_conforming_strings = off; set escape_string_warning = off;
   set quote_all_identifiers = on; set xmloption = document; set row_security = off`,
  `set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601'; set timezone = 'Europe/Amsterdam'; set extra_float_digits = 0;
   set array_nulls = off; set transform_null_equals = on; set search_path = evil, pg_catalog; set client_encoding = 'UTF8'`,
  `set datestyle = 'Postgres, YMD'; set intervalstyle = 'postgres_verbose'; set timezone = 'America/St_Johns'; set extra_float_digits = 1;
   set default_transaction_isolation = 'serializable'; set search_path = public`,
];

/** Settings that an administrator may have made for the role in a database, and for the database. */
const roleSettings: Record<string, string> = {
  datestyle: 'Postgres, DMY',
  intervalstyle: 'postgres_verbose',
  timezone: 'Pacific/Chatham',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  quote_all_identifiers: 'on',
  xmloption: 'document',
  array_nulls: 'off',
  transform_null_equals: 'on',
  row_security: 'off',
  'plpgsql.variable_conflict': 'use_column',
  'plpgsql.extra_warnings': 'all',
  enable_hashjoin: 'off',
  enable_sort: 'off',
  default_transaction_isolation: 'repeatable read',
};
const databaseSettings: Record<string, string> = { search_path: 'evil, "$user"', backslash_quote: 'off' };

/** Functions that a search_path may put before those of pg_catalog. */
const evil = `
  create schema evil; grant usage on schema evil to public;
  create function evil.txid_current() returns bigint language sql as 'select 1::bigint';
  create function evil.quote_ident(text) returns text language sql as $$ select 'evil' $$;
  create function evil.now() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
  create function evil.to_json(text) returns json language sql as $$ select '{}'::json $$;
  create function evil.format(text, text) returns text language sql as $$ select 'evil' $$;
  create table evil.pgtide_stage (ev_id int); create table evil.pg_class (oid oid); create table evil.pg_attribute (x int);`;

async function setForRole(database: TestDatabase): Promise<void> {
  await database.superuser(async (client) => {
    await client.query(evil);
    const name = quoteIdent(database.name);
    for (const [setting, value] of Object.entries(roleSettings))
      await client.query(`alter role ${database.owner} in database ${name} set ${setting} = '${value}'`);
    for (const [setting, value] of Object.entries(databaseSettings))
      await client.query(
        `alter database ${name} set ${setting} = ${setting === 'search_path' ? value : `'${value}'`}`,
      );
  });
}

const bits = ['float4', 'float8', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle'];

/**
 * The values of all columns as their output functions write them, by id and column. Floats are compared by their bits:
 * before PostgreSQL 12 the exact digits were others, so `floatDigits` is 0 if such a server takes part.
 */
async function valuesOf(
  database: TestDatabase,
  table: string,
  floatDigits: number,
): Promise<Map<string, string>> {
  return database.superuser(async (client) => {
    await client.query(`set search_path = public; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set timezone = 'UTC';
      set extra_float_digits = ${floatDigits}; set bytea_output = 'hex'; set array_nulls = on`);
    const columns = await client.query<{ name: string; send: string; type: string }>(
      `select a.attname::text as name, t.typsend::text as send, t.typname::text as type
         from pg_attribute a join pg_type t on t.oid = a.atttypid
        where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [table],
    );
    const values = new Map<string, string>();
    for (const { name, send, type } of columns) {
      const value = quoteIdent(name);
      const shown = bits.includes(type) ? `encode(${send}(${value}), 'hex')` : `format('%s', ${value})`;
      const rows = await client.query<{ id: string; value: string | null }>(
        `select id::text, case when num_nulls(${value}) = 0 then ${shown} end as value from ${table}`,
      );
      for (const row of rows) values.set(`${row.id} ${name}`, row.value ?? '∅');
    }
    return values;
  });
}

async function expectSameValues({ old, new: leaf }: InstalledPair, table: string): Promise<void> {
  const floatDigits = Math.min(old.server.version, leaf.server.version) < 12 ? 0 : 3;
  const [from, to] = [await valuesOf(old, table, floatDigits), await valuesOf(leaf, table, floatDigits)];
  const wrong = [...new Set([...from.keys(), ...to.keys()])].filter((key) => from.get(key) !== to.get(key));
  const shown = wrong.map(
    (key) => `${key}: ${from.get(key)?.slice(0, 200)} became ${to.get(key)?.slice(0, 200)}`,
  );
  expect(shown.slice(0, 20), table).toEqual([]);
  expect(from.size).toBeGreaterThan(0);
}

/** SQL of the values of row `row`, in a table with one column a type. In the last row all are NULL. */
function rowOf(types: TypeValues[], row: number): string {
  return types
    .map(({ values, type }) => (row < 0 ? `null::${type}` : (values[row % values.length] ?? 'null')))
    .join(', ');
}

async function inSession(client: Client, settings: string, statement: string): Promise<void> {
  // The statement is read under settings with the same meaning everywhere; the rows are written under the hostile settings.
  await client.query(`set search_path = public; ${statement}`);
  await client.query(settings);
  await client.query(`select public.write_now()`);
  await client.query('reset all');
}

/** Makes the statement a function, which is called when the hostile settings are in force. */
function later(statement: string): string {
  return `create or replace function public.write_now() returns void language plpgsql as $later$ begin ${statement}; end $later$`;
}

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 13, subscriber: 18 },
  { provider: 18, subscriber: 14 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  it('keeps every value of every type, by copy and by events, under hostile settings', async () => {
    const least = Math.min(versions.provider, versions.subscriber);
    const types = typeValues.filter(({ since }) => since <= least);
    const pair = await installedPair(versions);
    for (const database of [pair.old, pair.new])
      await database.superuser((client) => client.query(baseTypes));
    for (const [since, sql] of typeDefinitions) if (since <= least) await pair.both(sql);
    const columns = types.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ');
    await pair.both(`create table public.t_class (); create table "Odd types"."Ta ble" ();
      create table public.wide (id int primary key, ${columns}); create table public.bag (id int, ${columns})`);
    const rows = Math.max(...types.map(({ values }) => values.length));
    const tables = ['wide', 'bag'];
    await pair.old.client(async (client) => {
      for (const table of tables)
        for (let row = -1; row < rows; row++)
          await client.query(`insert into ${table} values (${row}, ${rowOf(types, row)})`);
    });
    for (const database of [pair.old, pair.new]) await setForRole(database);
    await addTables(pair, tables);
    await followUntilSynced(pair);
    for (const table of tables) await expectSameValues(pair, `public.${table}`);

    const names = types.map(({ name }) => quoteIdent(name));
    for (const [nr, settings] of sessions.entries()) {
      const base = 1000 * (nr + 1);
      await pair.old.client(async (client) => {
        for (const table of tables) {
          const write = (statement: string) => inSession(client, settings, later(statement));
          const all = names.join(', ');
          await write(
            `insert into public.${table} (id, ${all}) select id + ${base}, ${all} from public.${table} where id < 1000`,
          );
          await write(
            `update public.${table} t set ${names.map((name) => `${name} = s.${name}`).join(', ')} from public.${table} s
              where t.id >= ${base} and s.id = (t.id + ${nr + 1}) % 1000 % ${rows + 1} - 1`,
          );
          await write(`delete from public.${table} where id in (${base}, ${base + 2}, ${base - 1})`);
        }
      });
      await replayAll(pair);
      for (const table of tables) await expectSameValues(pair, `public.${table}`);
    }
    const state = await pair.new.client((client) =>
      client.query('select table_name, error from pgtide.table_state where error is not null'),
    );
    expect(state).toEqual([]);
  });
});
