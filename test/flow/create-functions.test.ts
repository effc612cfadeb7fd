/**
 * Functions that a table depends on and the leaf lacks. Functions that users created on the root are named at once, with a
 * script that creates them before the tables exist. Whatever calls a function that the leaf's version does not have is left
 * out, with a note, since rows bring their values.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type AddTableInput, addTable, addTableInput } from '../../lib/units/add-table.ts';
import { createRole } from '../support/database.ts';
import { followUntilSynced } from '../support/follow.ts';
import { type InstalledPair, installedPair } from '../support/unit-context.ts';

const add = async (it: InstalledPair, tables: string[], more: Partial<AddTableInput> = {}) =>
  (await addTable(it.shop.context('old'), addTableInput.parse({ tables, create: true, ...more }))).result;

const OTHER = 'other_author_of_created';

describe.each([
  { provider: 10, subscriber: 17 },
  { provider: 17, subscriber: 10 },
])('functions of the root, from PostgreSQL $provider to $subscriber', (versions) => {
  let it: InstalledPair;
  beforeAll(async () => {
    it = await installedPair(versions);
    for (const db of [it.old, it.new]) await createRole(db.server, OTHER);
    await it.old.superuser((client) =>
      client.query(`set role app; create schema music; create schema "tools of";
        create type "tools of".tone as enum ('major', 'minor');
        create function music.deepest(t text) returns text immutable language sql as 'select lower(t)';
        create function music.word(t text) returns text immutable language plpgsql as $$ begin return music.deepest(t); end $$;
        create function "tools of".key_of(t "tools of".tone) returns int immutable language sql as 'select length(t::text)';
        create domain music.named as text check (music.word(value) <> '');
        create table music.artist (id int primary key, name text not null check (music.word(name) <> ''), n music.named,
          tone "tools of".tone default 'minor');
        create index on music.artist ("tools of".key_of(tone));
        create function music.free(name text) returns bool stable language sql as
          'select not exists (select from music.artist a where a.name = $1)';
        alter table music.artist add constraint free check (music.free(name) or true);
        create function music.author() returns text language sql as $$ select '''"x'::text $$;
        create table music.song (id int primary key, artist int references music.artist, author text default music.author());
        insert into music.artist values (1, 'x', 'y', 'minor'); insert into music.song values (1, 1);
        reset role; alter function music.author() owner to ${OTHER}; revoke execute on function music.author() from public;
        grant execute on function music.author() to app`),
    );
  });

  test('are all named in one refusal, and the script creates them', async () => {
    const refused = await add(it, ['music.*']).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'schema' });
    const { message, remedy } = refused as { message: string; remedy: string };
    expect(message.split('\n').slice(1)).toEqual([
      '  new: the function "tools of".key_of("tools of".tone), which artist needs, is not there',
      '  new: the function music.free(text), which artist needs, is not there',
      '  new: the function music.word(text), which named needs, is not there',
      '  new: the function music.author(), which song needs, is not there',
    ]);
    expect(remedy).toMatch(/^set check_function_bodies = off;\n/);
    await it.new.superuser((client) =>
      client.query(`${remedy}
        alter schema music owner to app; alter schema "tools of" owner to app; alter type "tools of".tone owner to app`),
    );
    const made = await it.new.superuser((client) =>
      client.query(`select p.oid::regprocedure::text as name, pg_get_userbyid(proowner) = '${OTHER}' as theirs,
          has_function_privilege('public', p.oid, 'EXECUTE') as open
        from pg_proc p where pronamespace in ('music'::regnamespace, '"tools of"'::regnamespace) order by 1`),
    );
    expect(made).toEqual([
      { name: '"tools of".key_of("tools of".tone)', theirs: false, open: true },
      { name: 'music.author()', theirs: true, open: false },
      { name: 'music.deepest(text)', theirs: false, open: true },
      { name: 'music.free(text)', theirs: false, open: true },
      { name: 'music.word(text)', theirs: false, open: true },
    ]);
  });

  test('after that, the tables are created and followed', async () => {
    expect((await add(it, ['music.*'])).tables.map(({ name }) => name)).toEqual([
      'music.artist',
      'music.song',
    ]);
    await followUntilSynced(it);
    expect(
      await it.new.client((client) => client.query('select id, author is null as no from music.song')),
    ).toEqual(
      await it.old.client((client) => client.query('select id, author is null as no from music.song')),
    );
  });

  test('a default from --default needs no function', async () => {
    await it.old.client((client) =>
      client.query(`create function music.today() returns date language sql as 'select current_date';
        create table music.concert (id int primary key, on_day date default music.today())`),
    );
    await expect(add(it, ['music.concert'])).rejects.toThrow(
      'the function music.today(), which concert needs',
    );
    const defaults = [`music.concert.on_day='2020-01-02'::date + 1`];
    expect((await add(it, ['music.concert'], { defaults })).tables).toEqual([
      { name: 'music.concert', state: 'new' },
    ]);
    const row = await it.new.client((client) =>
      client.first(
        `select pg_get_expr(adbin, adrelid) as expr from pg_attrdef where adrelid = 'music.concert'::regclass`,
      ),
    );
    expect(row).toEqual({ expr: `('2020-01-02'::date + 1)` });
  });
});

test('a function that takes a row of a table is named with the table', async () => {
  const it = await installedPair();
  await it.old.client((client) =>
    client.query(`create table whole (id int primary key, a int);
      create function is_whole(w whole) returns bool immutable language sql as 'select true';
      alter table whole add check (is_whole(whole.*))`),
  );
  await expect(add(it, ['whole'])).rejects.toMatchObject({
    message:
      'new: the function public.is_whole(public.whole), which whole needs, takes or returns rows of public.whole',
    remedy: 'make public.whole there, with its functions, and add it without --create',
  });
});

describe('functions that the older version lacks, from PostgreSQL 18 to 17', () => {
  let it: InstalledPair;
  beforeAll(async () => {
    it = await installedPair({ provider: 18, subscriber: 17 });
    await it.old.client((client) =>
      client.query(`
        create table ids (id uuid primary key default uuidv7(), other uuid default coalesce(null, uuidv7(), gen_random_uuid()),
          kept uuid default gen_random_uuid());
        create table sums (id int primary key, v bytea, crc bigint generated always as (crc32(v)) stored,
          crc_now bigint generated always as (crc32(v)) virtual not null, check (crc32c(v) > 0), check (id > 0),
          exclude using btree (crc32(v) with =));
        create index by_crc on sums (crc32c(v));
        create index by_id on sums (id) where crc32(v) > 5;
        create table parted (id uuid default uuidv7()) partition by hash (id);
        create table parted_0 partition of parted for values with (modulus 1, remainder 0);
        insert into ids default values; insert into sums values (1, 'x'); insert into parted default values`),
    );
  });

  test('leave out what calls them, with a note', async () => {
    const { tables } = await add(it, ['ids', 'sums', 'parted']);
    const notes = Object.fromEntries(tables.map(({ name, note }) => [name, note?.split('; ')]));
    const none = (column: string, of = 'ids') =>
      `the default of ${column} calls uuidv7, which PostgreSQL 17 lacks: it has none on new, unless --default public.${of}.${column}=EXPRESSION gives it one`;
    expect(notes).toEqual({
      'public.ids': [none('id'), none('other')],
      'public.sums': [
        "the generated column crc calls crc32, which PostgreSQL 17 lacks: it is an ordinary one on new, and takes the provider's values",
        'the generated column crc_now calls crc32, which PostgreSQL 17 lacks: it is an ordinary one on new, and stays empty, since nothing of it is sent',
        'the check sums_v_check calls crc32c, which PostgreSQL 17 lacks, and was not made',
        'the constraint sums_crc32_excl calls crc32, which PostgreSQL 17 lacks, and was not made',
        'the index by_crc was not made: it calls crc32c, which PostgreSQL 17 lacks',
        'the index by_id was not made: it calls crc32, which PostgreSQL 17 lacks',
      ],
      'public.parted': expect.arrayContaining([none('id', 'parted')]),
    });
    await followUntilSynced(it);
    for (const table of ['ids', 'parted', '(select id, v, crc from sums) s']) {
      const rows = (db: InstalledPair['old']) =>
        db.client((client) => client.query(`select * from ${table}`));
      expect(await rows(it.new)).toEqual(await rows(it.old));
    }
  });

  test('and a default can be given', async () => {
    await it.old.client((client) =>
      client.query(
        `create schema "a=b"; create table "a=b"."c.d=" ("e=f" uuid default uuidv7(), g int default 1)`,
      ),
    );
    await add(it, ['a=b.*'], { defaults: ['a=b.c.d=.e=f=gen_random_uuid()'] });
    const found = await it.new.client((client) =>
      client.query(
        `select pg_get_expr(adbin, adrelid) as expr from pg_attrdef where adrelid = '"a=b"."c.d="'::regclass order by 1`,
      ),
    );
    expect(found).toEqual([{ expr: '1' }, { expr: 'gen_random_uuid()' }]);
  });

  test.each([
    { given: 'nix.id=1', message: 'the default nix.id=1 is for no column of a table that is made' },
    { given: 'one.nix=1', message: 'the default one.nix=1 is for no column of a table that is made' },
    {
      given: 'ids.id=gen_random_uuid()',
      message: 'the default ids.id=gen_random_uuid() is for no column of a table that is made',
    },
    { given: 'one.v', message: 'the default one.v is for no column of a table that is made' },
    { given: 'one.v=', message: 'the default one.v= has no expression' },
    { given: 'one.twice=1', message: 'the default one.twice=1 is for a generated column' },
    { given: 'one.nr=1', message: 'the default one.nr=1 is for an identity column' },
    { given: 'one.v=nonsense()', message: 'new: 42883 undefined_function' },
    { given: 'one.v=1); drop table ids; select (1', message: 'new: 42601 syntax_error' },
  ])('$given is refused, and nothing is changed', async ({ given, message }) => {
    await it.old.client((client) =>
      client.query(
        `create table if not exists one (v int, twice int generated always as (v * 2) stored, nr int generated always as identity)`,
      ),
    );
    const refused = await add(it, ['one', 'ids'], { defaults: [given] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'input', message: expect.stringContaining(message) });
    expect(
      await it.new.client((client) =>
        client.first(`select to_regclass('one') as made, to_regclass('ids') is null as gone,
          exists (select from londiste.table_info where table_name = 'public.one') as known`),
      ),
    ).toEqual({ made: null, gone: false, known: false });
    expect(
      await it.old.client((client) =>
        client.first(
          `select exists (select from londiste.table_info where table_name = 'public.one') as known`,
        ),
      ),
    ).toEqual({ known: false });
  });

  test('twice for one column, or for a table that is there, is refused', async () => {
    await expect(add(it, ['one'], { defaults: ['one.v=1', 'public.one.v=2'] })).rejects.toThrow(
      'the default public.one.v=2 is the second one for its column',
    );
    await it.new.client((client) => client.query('create table there (v int)'));
    await it.old.client((client) => client.query('create table there (v int)'));
    await expect(add(it, ['there'], { create: false, defaults: ['there.v=1'] })).rejects.toThrow(
      'the default there.v=1 is for no column of a table that is made',
    );
  });
});
