/**
 * C14 of `add-table --create`: the tables that it makes belong to the role that replicates, and code that Mallory has put on hers on the root
 * does not get that role's rights on the leaf. If there is such code, nothing is made, and all of it is reported.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { createMissingTables } from '../../lib/structure/create.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { MALLORY, MEMBER, sides } from '../support/owned-sides.ts';
import { attacks, innocents, lure } from './foreign-code.ts';

describe.each([
  { version: 10, leaf: 14, role: 'superuser' as const },
  { version: 18, leaf: 17, role: 'member' as const },
  { version: 10, leaf: 10, role: 'superuser' as const },
])('from PostgreSQL $version to $leaf, by a $role', ({ version, leaf, role }) => {
  let on: Awaited<ReturnType<typeof sides>>;
  const there = ({ since = 0 }: { since?: number }) => since <= version;
  const add = (...names: string[]) =>
    addTable(
      on.shop.context('old'),
      addTableInput.parse({ tables: names.map((name) => `hers.${name}`), create: true }),
    );
  /** Makes the tables, and rolls back. */
  const make = (...names: string[]) =>
    on.old.client((from) =>
      on.new.client((to) =>
        to.transaction({}, async () => {
          const { created } = await createMissingTables(from, to, names);
          throw new Error(`${created} were made`);
        }),
      ),
    );
  const onLeaf = (sql: string) => on.new.superuser((client) => client.query(sql));
  const user = () => (role === 'member' ? MEMBER : on.new.server.superuser);

  beforeAll(async () => {
    on = await sides(version, role, leaf);
    await on.mallory(`create function "it's (""a"" b"(text) returns text language sql immutable as 'select hers.lure($1)';
      create type mood as enum ('good', 'bad');
      create function json_of(mood) returns json language sql as $$ select to_json(hers.lure('x')) $$;
      create cast (mood as json) with function json_of(mood)`);
    for (const at of [on.old, on.new])
      await at.superuser((client) =>
        client.query(`create extension dblink; create extension "uuid-ossp"; create extension pgcrypto; create extension citext;
          create function mood_of(int) returns hers.mood language sql as $$ select 'good'::hers.mood $$;
          create type deep as (w hers.word); grant create on schema public to ${MALLORY};
          create type shade as enum ('light', 'dark'); create domain share as int check (value between 0 and 10);
          create function over(anyelement) returns anyelement language sql as 'select $1';
          create function vouched(text) returns text language sql as 'select $1';
          grant usage on schema pgtide to ${MALLORY}`),
      );
    await onLeaf(
      `set role ${MALLORY}; create function public.over(text) returns text language sql as 'select hers.lure($1)'`,
    );
    await on.old.superuser((client) =>
      client.query('create type nested as (w hers.word); create type "outer" as (n nested[])'),
    );
    await on.malloryOnRoot(`create domain narrow as text constraint c check (lure(value) is not null);
      create domain narrower as narrow; create domain numbered as oid default lo_creat(0); create type mixed as (a word, b int);
      create type feeling as enum ('good', 'bad'); create domain small as int check (value < 10); create domain label as text;
      create type plain as (a feeling, b small)`);
  });

  describe('is refused', () => {
    it.each(attacks.filter(there))('$name', async ({ table, has, of = 'hers.t', part, runs }) => {
      await on.malloryOnRoot(table ?? `create table t (id int primary key, v text, ${has})`);
      try {
        await expect(make('hers.t')).rejects.toThrow(
          `: ${of} belongs to ${MALLORY} on the provider: its ${part} would run ${runs} with the rights of ${user()}`,
        );
      } finally {
        await on.malloryOnRoot('drop table t cascade');
      }
    });

    it.runIf(leaf >= 16)('the input of a type that is named in a text', async () => {
      await on.malloryOnRoot(
        `create table input (id int primary key, v text check (pg_input_is_valid(v, 'hers.word')))`,
      );
      await expect(make('hers.input')).rejects.toThrow('would run pg_input_is_valid');
    });

    it.runIf(leaf >= 11)('a partition of hers, of a table that is not', async () => {
      await on.old.superuser((client) =>
        client.query(`create table whole (id int, v text) partition by range (id);
          create table part partition of whole (constraint c check (hers.lure(v) is not null)) for values from (1) to (9);
          alter table part owner to ${MALLORY}`),
      );
      await expect(make('public.whole')).rejects.toThrow(
        `public.part belongs to ${MALLORY} on the provider: its check c would run ${lure}`,
      );
    });

    it('all of it at once, with remedies', async () => {
      await on.malloryOnRoot(
        'create table every (id oid primary key default lo_creat(0), v text check (lure(v) is not null), w word, n narrow)',
      );
      const refusal = await add('every').catch((error: unknown) => error);
      const byHand = 'make hers.every there as its owner, and add it without --create';
      expect(refusal).toMatchObject({
        kind: 'privilege',
        remedy: [
          `alter function hers.lure(text) owner to "${user()}", or create the type hers.narrow there first`,
          byHand,
          `alter type hers.word owner to "${user()}", or ${byHand}`,
          `alter function hers.lure(text) owner to "${user()}", or ${byHand}`,
        ].join('\n'),
      });
      expect(
        await onLeaf(`select to_regclass('hers.every') as made, to_regtype('hers.narrow') as type`),
      ).toEqual([{ made: null, type: null }]);
    });
  });

  it('makes tables that run no code of hers', async () => {
    const wanted = Object.entries(innocents).filter(([, one]) => there(one));
    for (const [name, { has }] of wanted)
      await on.malloryOnRoot(`create table ${name} (id int primary key, v text, ${has})`);
    await on.malloryOnRoot(`create table later (id int primary key, v text); insert into later values (1, 'v');
      alter table later add check (lure(v) is not null) not valid;
      create table parted (id int, v text) partition by range (lower(v));
      create table parted_1 partition of parted for values from (minvalue) to (maxvalue)`);
    const names = [...wanted.map(([name]) => name), 'later', 'parted'];
    await add(...names);
    for (const name of names)
      expect(
        await onLeaf(
          `select pg_get_userbyid(relowner) as owner from pg_class where oid = 'hers.${name}'::regclass`,
        ),
      ).toEqual([{ owner: user() }]);
  });

  it('makes tables of the role that replicates, and of superusers, as they are', async () => {
    const table = 'id int primary key, v text check (hers.lure(v) is not null), w hers.word';
    await on.old.client((client) => client.query(`create table ours (${table})`));
    await on.old.superuser((client) =>
      client.query(`create table theirs (${table}); grant all on theirs to public`),
    );
    await expect(make('public.ours', 'public.theirs')).rejects.toThrow('public.ours,public.theirs were made');
  });
});
