/**
 * `add-table --create` carries what a dump would carry beside a table's structure, and the copy keeps it. Each item that is
 * not carried, or that the leaf's version does not know, has a note.
 */
import { describe, expect, test } from 'vitest';
import { createMissingTables } from '../../lib/structure/create.ts';
import { readSettings } from '../../lib/structure/settings.ts';
import { describeTables } from '../../lib/structure/structure.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { followUntilSynced } from '../support/follow.ts';
import { installedPair } from '../support/unit-context.ts';

const names = ['shop.plain', 'shop.typed', 'shop.full', 'shop.nothing'];

/** The settings in the catalog, independent of the numbers that the server gave the tables. */
const settings = (db: TestDatabase) =>
  db.client(async (client) => {
    const tables = await describeTables(client, names);
    const found = await client.transaction({ readOnly: true }, () =>
      readSettings(
        client,
        tables.map(({ oid }) => oid),
      ),
    );
    return tables.map(({ name, oid }) => {
      const {
        table: _,
        ofTypeOid: __,
        extendedStatistics,
        ...rest
      } = found.get(oid) as never as Record<string, unknown>;
      const statistics = (extendedStatistics as { table: number }[]).map(({ table: ___, ...one }) => one);
      return { name, ...rest, statistics };
    });
  });

const schema = (version: number) => `
  create schema shop; comment on schema shop is 'where it''s sold';
  create type shop.pair as (a int, "B b" text);
  create table shop.plain (id int primary key with (fillfactor = 71), a text, b text, c text, d int, e int,
    constraint e_is_unique unique (e) with (fillfactor = 72) deferrable);
  alter table shop.plain set (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false);
  alter table shop.plain alter a set statistics 500, alter a set storage external, alter b set storage main, alter d set (n_distinct = -0.5);
  create index marked on shop.plain (d) with (fillfactor = 73);
  ${version >= 11 ? 'create index computed on shop.plain (lower(a), b); alter index shop.computed alter column 1 set statistics 200;' : ''}
  alter table shop.plain cluster on marked;
  alter table shop.plain alter d set not null;
  create unique index identity on shop.plain (d, id);
  alter table shop.plain replica identity using index identity;
  create statistics shop."of both" (dependencies) on a, b from shop.plain;
  comment on statistics shop."of both" is 'together';
  ${version >= 13 ? 'alter statistics shop."of both" set statistics 300; create statistics shop.mcv (mcv) on d, e from shop.plain;' : ''}
  create table shop.typed of shop.pair (a with options primary key);
  create table shop.full (id int primary key); alter table shop.full replica identity full;
  create table shop.nothing (id int primary key); alter table shop.nothing replica identity nothing;
  insert into shop.plain values (1, 'a', 'b', 'c', 2, 3); insert into shop.typed values (1, 'x')`;

describe.each([
  { provider: 10, subscriber: 18 },
  { provider: 17, subscriber: 14 },
  { provider: 13, subscriber: 10, lacking: true },
])('from PostgreSQL $provider to $subscriber', ({ lacking, ...versions }) => {
  test('a table has the same settings, also after its copy', async () => {
    const it = await installedPair(versions);
    await it.old.client((client) => client.query(schema(versions.provider)));
    const { result } = await addTable(
      it.shop.context('old'),
      addTableInput.parse({ tables: ['shop.*'], create: true }),
    );
    expect(result.tables.flatMap(({ note }) => note ?? [])).toEqual(
      lacking
        ? [
            expect.stringMatching(
              /^the statistics target of the index computed was not set; the statistics shop.mcv could not be made: new: /,
            ),
          ]
        : [],
    );
    const onRoot = await settings(it.old);
    if (!lacking) expect(await settings(it.new)).toEqual(onRoot);
    const before = await settings(it.new);
    await followUntilSynced(it);
    expect(await settings(it.new)).toEqual(before);
    const comment = await it.new.client((client) =>
      client.first(`select obj_description('shop'::regnamespace, 'pg_namespace') as text`),
    );
    expect(comment).toEqual({ text: "where it's sold" });
  });
});

test('storage parameters and compression that the version does not know are left out, each with a note', async () => {
  const provider = await createDatabase(await postgres(18), { installed: true });
  const subscriber = await createDatabase(await postgres(10), { installed: true });
  await provider.client((from) =>
    subscriber.client(async (to) => {
      await from.query(`
        create table public.t (id int primary key, v text compression pglz, e int, unique (e) with (deduplicate_items = off));
        alter table public.t set (vacuum_truncate = false, fillfactor = 50, toast.vacuum_index_cleanup = off, autovacuum_vacuum_insert_threshold = 1000);
        create index t_v on public.t (v) with (deduplicate_items = off, fillfactor = 80) where v <> ' WITH (deduplicate_items=off)';
        create unique index t_e on public.t (e) include (id); alter table public.t alter e set not null;`);
      const { notes } = await createMissingTables(from, to, ['public.t']);
      const unknown = (name: string, of: string) =>
        `the storage parameter ${name} of ${of} is not known to PostgreSQL 10, and was not set`;
      expect(notes.map(({ text }) => text).sort()).toEqual(
        [
          unknown('vacuum_truncate', 'public.t'),
          unknown('toast.vacuum_index_cleanup', 'public.t'),
          unknown('autovacuum_vacuum_insert_threshold', 'public.t'),
          unknown('deduplicate_items', 't_e_key'),
          unknown('deduplicate_items', 't_v'),
          'the compression pglz of v needs PostgreSQL 14, and was not set',
          'the index t_e was not made: INCLUDE needs PostgreSQL 11',
        ].sort(),
      );
      expect(
        await to.query(
          `select relname::text as name, reloptions as options from pg_class where relname in ('t', 't_v', 't_e_key') order by 1`,
        ),
      ).toEqual([
        { name: 't', options: ['fillfactor=50'] },
        { name: 't_e_key', options: null },
        { name: 't_v', options: ['fillfactor=80'] },
      ]);
    }),
  );
});

test('owner, tablespace and grants are not copied, and noted', async () => {
  const server = await postgres(17);
  const OWNER = 'owner_elsewhere_of_created';
  await createRole(server, OWNER);
  const provider = await createDatabase(server, { installed: true });
  const subscriber = await createDatabase(server, { installed: true });
  await provider.superuser((from) =>
    subscriber.client(async (to) => {
      await from.query(`create schema sold; grant usage on schema sold to public; create table sold.t (id serial primary key, n int generated always as identity);
        grant usage on sequence sold.t_id_seq, sold.t_n_seq to public; alter table sold.t owner to ${OWNER}`);
      const { notes } = await createMissingTables(from, to, ['sold.t']);
      expect(notes).toEqual(
        [
          'grants of the schema sold were not carried over',
          `it belongs to ${OWNER} on the provider, and to app on ${to.node}`,
          'grants of the sequence sold.t_id_seq were not carried over',
          'grants of the sequence sold.t_n_seq were not carried over',
        ].map((text) => ({ table: 'sold.t', text })),
      );
    }),
  );
});
