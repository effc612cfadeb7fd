/** Roles and databases with settings that would stop, or mislead, a tool that relies on the defaults. */
import { expect, it } from 'vitest';
import { quoteIdent } from '../../lib/db/identifier.ts';
import { compare, compareInput } from '../../lib/units/compare.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { status } from '../../lib/units/status.ts';
import { addTables, followUntilSynced } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { installedPair } from '../support/unit-context.ts';

/** Tables, functions and an operator in a schema that a search_path puts before pg_catalog. */
const evil = `
  create schema evil; grant usage on schema evil to public; alter default privileges in schema evil grant select on tables to public;
  create table evil.pg_class (oid oid, relname name); create table evil.pg_proc (x int); create table evil.pg_namespace (oid oid);
  create function evil.now() returns timestamptz language sql as 'select null::timestamptz';
  create function evil.count(anyelement) returns bigint language sql as 'select 7::bigint';
  create function evil.format(text, text) returns text language sql as $$ select 'evil' $$;
  create function evil.to_regclass(text) returns regclass language sql as 'select null::regclass';
  create function evil.eq(text, text) returns bool language sql as 'select false';
  create operator evil.= (leftarg = text, rightarg = text, function = evil.eq)`;

it("JIT is off for pgtide's statements, whatever the server's settings", async () => {
  const pair = await installedPair({ provider: 10, subscriber: 17 });
  const jit = (node: string) =>
    pair.shop
      .context(node)
      .connect(node, (client) => client.query(`select current_setting('jit', true) as jit`));
  expect([await jit('old'), await jit('new')]).toEqual([[{ jit: null }], [{ jit: 'off' }]]);
});

it("transaction_timeout does not end pgtide's transactions", async () => {
  const pair = await installedPair({ provider: 13, subscriber: 17 });
  await pair.new.superuser((client) =>
    client.query(
      `alter role ${pair.new.owner} in database ${quoteIdent(pair.new.name)} set transaction_timeout = '1 min'`,
    ),
  );
  const limit = (node: string) =>
    pair.shop
      .context(node)
      .connect(node, (client) => client.query(`select current_setting('transaction_timeout', true) as ms`));
  expect([await limit('old'), await limit('new')]).toEqual([[{ ms: null }], [{ ms: '0' }]]);
});

it.each([
  ['search_path', 'evil, pg_catalog'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_isolation', `'serializable'`],
  ['statement_timeout', `'200ms'`],
  ['client_encoding', 'latin1'],
  ['plan_cache_mode', 'force_generic_plan'],
])('a pair whose owners have %s = %s is set up, followed and compared', async (setting, value) => {
  const pair = await installedPair();
  for (const database of [pair.old, pair.new])
    await database.superuser((client) =>
      client.query(`${evil};
        alter role ${database.owner} in database ${quoteIdent(database.name)} set ${setting} = ${value};
        set role ${database.owner}; set search_path = public;
        create table word (id int primary key, text text); create table use (id serial primary key, word int references word)`),
    );
  const onOld = (sql: string) =>
    pair.old.client((client) =>
      client.query(
        `begin read write; set local search_path = public; set local statement_timeout = 0; ${sql}; commit`,
      ),
    );
  await onOld(`insert into word select i, 'ö' || i from generate_series(1, 300) i;
    insert into use (word) select i from generate_series(1, 300) i`);
  for (const node of ['old', 'new']) await install(pair.shop.context(node), {});
  await addTables(pair, ['word', 'use']);
  await onOld(`update word set text = text || 'ü' where id % 2 = 0; delete from use where id % 3 = 0`);
  await followUntilSynced(pair);
  await onOld(`truncate use; insert into use (word) select id from word`);
  await maintain(pair.shop.context('old'));
  await followUntilSynced(pair);
  const { result } = await status(pair.shop.context('old'), {});
  const codes = result.queues.flatMap(({ nodes }) => nodes.flatMap(({ problems }) => problems));
  expect(codes.filter(({ code }) => code !== 'no-replica-role')).toEqual([]);
  const compared = await compare(pair.shop.context('old'), compareInput.parse({}));
  expect(compared.result).toMatchObject({ differences: 0 });
  expect(compared.result.tables).toHaveLength(2);
  await expectEqual(pair.old, pair.new, ['word', 'use']);
});
