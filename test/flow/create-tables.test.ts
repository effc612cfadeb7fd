/** A subscriber's missing tables are created as the provider has them, in every mix of versions and with hostile names. */
import { describe, expect, test } from 'vitest';
import { createMissingTables, readServer } from '../../lib/structure/create.ts';
import { describeTables, type Table } from '../../lib/structure/structure.ts';
import { compareStructure } from '../../lib/structure/structure-fit.ts';
import { userObjects } from '../support/catalog.ts';
import { createDatabase, createRole, postgres } from '../support/database.ts';
import { createHostileSchema } from './hostile-schema.ts';

/** The properties that must be the same on both sides, independent of the servers' numbers for them. */
function comparable(table: Table, versions: { provider: number; subscriber: number }) {
  const { schema, name, kind, partitionKey, bound, comment, key } = table;
  const attached = bound !== null;
  return {
    name: `${schema}.${name}`,
    kind,
    partitionKey,
    bound,
    parents: table.parents,
    comment,
    key,
    columns: table.columns.map(({ typeOid: _, ...column }) => ({
      ...column,
      // Version 17 gave partitions the identity of their parent, and there the parent's is compared.
      identity: attached ? '' : column.identity,
      generated: versions.subscriber < 18 && column.generated === 'v' ? 's' : column.generated,
    })),
    indexes: table.indexes
      .filter(({ inherited }) => !inherited)
      .map((index) => [
        index.name,
        index.definition,
        index.constraintDefinition,
        index.comment,
        index.constraintComment,
      ])
      .sort(),
    checks: table.checks.map(({ name, definition, comment }) => [name, definition, comment]),
    foreignKeys: table.foreignKeys
      .filter((k) => !k.inherited)
      .map(({ name, definition }) => [name, definition]),
    sequences: table.sequences
      .filter(({ identity }) => !(identity && attached))
      .map((sequence) => ({ ...sequence }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 13, subscriber: 18 },
  { provider: 18, subscriber: 14 },
])('from PostgreSQL $provider to $subscriber', (versions) => {
  test('every table is created completely, and a second call creates nothing', async () => {
    const provider = await createDatabase(await postgres(versions.provider), { installed: true });
    const subscriber = await createDatabase(await postgres(versions.subscriber), { installed: true });
    await provider.client((from) =>
      subscriber.client(async (to) => {
        const names = await createHostileSchema(from, versions.provider);
        const made = await createMissingTables(from, to, names);
        const [left, right] = [
          await describeTables(from, names, { partitions: true }),
          await describeTables(to, names, { partitions: true }),
        ];
        expect(made.created).toEqual(left.map(({ schema, name }) => `${schema}.${name}`));
        const weaker = versions.subscriber < 15 ? ['public.nulls'] : [];
        const same = (table: Table) => !weaker.includes(`${table.schema}.${table.name}`);
        expect(right.filter(same).map((t) => comparable(t, versions))).toEqual(
          left.filter(same).map((t) => comparable(t, versions)),
        );
        for (const [i, table] of left.entries())
          expect(compareStructure(table, right[i] ?? table)).toEqual([]);
        const before = await userObjects(to, true);
        expect(await createMissingTables(from, to, names)).toMatchObject({ created: [], statements: [] });
        expect(await userObjects(to, true)).toEqual(before);
      }),
    );
  });
});

test('what the version of PostgreSQL does not support is noted', async () => {
  const provider = await createDatabase(await postgres(18), { installed: true });
  const subscriber = await createDatabase(await postgres(10), { installed: true });
  await provider.client((from) =>
    subscriber.client(async (to) => {
      const names = await createHostileSchema(from, 18);
      await from.query(
        `create function public.f() returns trigger language plpgsql as 'begin return new; end'`,
      );
      await from.query(
        'create trigger t before insert on public.customers for each row execute function public.f()',
      );
      await from.query('grant select on public.customers to public');
      const made = await createMissingTables(from, to, names);
      const notes = made.notes.map(({ table, text }) => `${table}: ${text}`);
      expect(notes).toEqual([
        "public.customers: grants of the provider's table were not carried over",
        "public.customers: triggers of the provider's table were not carried over",
        'public.events: PostgreSQL 10 has no keys on partitioned tables; it was made as one plain table',
        "public.computed: the generated column twice is an ordinary one on PostgreSQL 10, and takes the provider's values",
        'public.computed: the generated column thrice is an ordinary one on PostgreSQL 10, and stays empty, since nothing of it is sent',
        'sel"ect.x.unique only: the index covering was not made: INCLUDE needs PostgreSQL 11',
        'public.events: the index events_v was not made: INCLUDE needs PostgreSQL 11',
        'public.nulls: the constraint nulls_a_key lets nulls be distinct, as this version always does',
      ]);
      const [left, right] = [await describeTables(from, names), await describeTables(to, names)];
      for (const [i, table] of left.entries()) expect(compareStructure(table, right[i] ?? table)).toEqual([]);
    }),
  );
});

test('a table that cannot be created is refused with all reasons, and nothing is created', async () => {
  const provider = await createDatabase(await postgres(17), { installed: true });
  const subscriber = await createDatabase(await postgres(17), { installed: true });
  await provider.superuser((client) => client.query('create extension citext; create extension btree_gist'));
  await provider.client((from) =>
    subscriber.client(async (to) => {
      await from.query(`
        create function public.valid(int) returns bool immutable language sql as 'select true';
        create type public.mood as enum ('good', 'bad');
        create table public.row_type (a int);
        create table public.a (mail public.citext, checked int check (public.valid(checked)), mood public.mood,
          r int4range, room int, other public.row_type, exclude using gist (room with =, r with &&));
        create unlogged table public.b (id int primary key);
        create view public.c as select 1 as one`);
      await to.query(`create type public.mood as enum ('good')`);
      const before = await userObjects(to, true);
      const refused = createMissingTables(from, to, ['public.a', 'public.b', 'public.c']);
      await expect(refused).rejects.toMatchObject({ kind: 'schema' });
      const error = await refused.catch((e: Error) => e);
      for (const reason of [
        'the extension citext, which the tables need, is not there',
        'the extension btree_gist, which the tables need, is not there',
        'the function public.valid(integer), which a needs, is not there',
        'the type public.mood is there already, without the value "bad"',
        'a column has the row type of public.row_type',
        'public.b is unlogged on the provider',
        'public.c is no table but a view',
      ])
        expect(String(error)).toContain(reason);
      expect(await userObjects(to, true)).toEqual(before);
      await expect(createMissingTables(from, to, ['public.gone'])).rejects.toMatchObject({
        kind: 'not-found',
      });
    }),
  );
});

test('foreign keys to tables that are not created are noted, inheritance too', async () => {
  const server = await postgres(17);
  const [provider, subscriber] = [
    await createDatabase(server, { installed: true }),
    await createDatabase(server, { installed: true }),
  ];
  await provider.client((from) =>
    subscriber.client(async (to) => {
      await from.query(`create table public.a (id int primary key);
        create table public.b (id int primary key, a int references public.a);
        create table public.c (extra int) inherits (public.b)`);
      const made = await createMissingTables(from, to, ['public.b', 'public.c']);
      expect(made.notes).toEqual([
        { table: 'public.c', text: 'inheritance is not carried over; it stands alone' },
        {
          table: 'public.b',
          text: 'the foreign key b_a_fkey was not made: public.a does not follow',
        },
      ]);
      expect((await readServer(to)).relations).toContain('public.c');
    }),
  );
});

test('for a role that may not create tables, the error has the GRANTs that it needs', async () => {
  const server = await postgres(17);
  const [provider, subscriber] = [
    await createDatabase(server, { installed: true }),
    await createDatabase(server, { installed: true }),
  ];
  await createRole(server, 'guest of honour');
  await using guest = await subscriber.open('guest of honour');
  await provider.client(async (from) => {
    await from.query('create schema shop; create table shop.a (id int); create table public.b (id int)');
    await expect(createMissingTables(from, guest.client, ['shop.a', 'public.b'])).rejects.toMatchObject({
      kind: 'privilege',
      remedy: [
        `grant create on database "${subscriber.name}" to "guest of honour"`,
        'grant usage, create on schema "public" to "guest of honour"',
      ].join('\n'),
    });
  });
});
