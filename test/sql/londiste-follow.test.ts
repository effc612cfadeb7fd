/**
 * C1, C2: the tables that Londiste's workers can follow. They read UPDATE and DELETE by primary key from the table that an
 * event names, with UPDATE ONLY. The default handler reads every form, bulk and dispatch only logutriga's. A table whose
 * events they could not apply is refused when it is added, and a table that is added is captured whole, in a form that each
 * of them reads.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { repairCapture } from '../../lib/capture/capture.ts';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, demand, makeFollower, makeRoot } from '../support/node.ts';
import { consume, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

/** Values that are hard to encode, in one row of many types. */
const ZOO = `id int primary key, "a b&=%" text, flag bool, at timestamptz, day date, n numeric, list text[], doc jsonb,
  pair shop.pair, raw bytea, span interval, real float8, "ключ" text`;
const ROWS = `(1, 'it''s "a"\\ & = % + \t' || chr(10) || 'ÄÖ漢', true, '2020-02-29 12:30:00.123456+02', '0044-03-15 BC', 1.50,
    '{a,NULL,"b c"}', '{"k": [1, null]}', row(1, 'x'), '\\x00ff', '1 day 02:03:04', 'NaN', ''),
  (2, null, false, 'infinity', null, 'NaN', '{}', 'null', row(null, null), null, null, '-0', null), (-3, '', null, null, '2020-01-01', null, null, null, null, '', '-1 year', 1e300, 'я')`;

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(
        `drop schema if exists shop cascade; create schema shop; create type shop.pair as (a int, b text)`,
      ),
    ),
  );

  const atRoot = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeRoot(client, 'reader')));
  const add = async (client: Client, queue: string, table: string, ...args: unknown[]) => {
    const { ret_code, ret_note } = await ask(client, 'londiste.local_add_table', queue, table, ...args);
    return [ret_code, ret_note];
  };
  const events = async (client: Client, queue: string) => {
    await tickNow(client, queue);
    return (await consume(client, queue, 'reader'))
      .filter(({ ev_type }) => !/^(pgq|londiste)\./.test(ev_type ?? ''))
      .map((event) => [event.ev_extra1, event.ev_type, event.ev_data]);
  };
  const missing = async (client: Client, queue: string) =>
    (
      await client.query<{ name: string }>(
        `select obj_name as name from londiste.local_show_missing($1) where obj_kind = 'r'`,
        [queue],
      )
    ).map(({ name }) => name);

  describe('The form of events', () => {
    test('is logutriga’s, to the byte, whatever the session has set', () =>
      atRoot(async (client, queue) => {
        await client.query(`create table shop.ours (${ZOO}); create table shop.theirs (${ZOO})`);
        await demand(client, 'londiste.local_add_table', queue, 'shop.ours');
        await client.query(`create trigger theirs after insert or update or delete on shop.theirs
          for each row execute procedure pgq.logutriga('${queue}')`);
        const work = (table: string) => `insert into ${table} values ${ROWS};
          update ${table} set n = 2 where id = 1; update ${table} set "ключ" = '&' || id; delete from ${table} where id < 0`;
        await client.query(`set datestyle = 'German'; set timezone = 'Asia/Kolkata'; set intervalstyle = 'iso_8601';
          set bytea_output = 'escape'; ${work('shop.ours')};
          set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
          set extra_float_digits = 3; ${work('shop.theirs')}; reset all`);
        const all = await events(client, queue);
        const of = (name: string) => all.filter(([table]) => table === name).map(([, ...rest]) => rest);
        expect(of('shop.ours')).toHaveLength(8);
        expect(of('shop.ours')).toEqual(of('shop.theirs'));
      }));

    test('tells a changed key as delete and insert, and a swap of keys as updates', () =>
      atRoot(async (client, queue) => {
        await client.query(
          'create table shop.t (a int, "b c" int, v text, primary key ("b c", a) deferrable)',
        );
        await demand(client, 'londiste.local_add_table', queue, 'shop.t');
        await client.query(`insert into shop.t values (1, 1, 'x'); update shop.t set a = 2;
          insert into shop.t values (3, 1, 'y'); update shop.t set a = 5 - a; truncate shop.t`);
        expect((await events(client, queue)).map(([, ...rest]) => rest)).toEqual([
          ['I:b c,a', 'a=1&b+c=1&v=x'],
          ['D:b c,a', 'a=1&b+c=1&v=x'],
          ['I:b c,a', 'a=2&b+c=1&v=x'],
          ['I:b c,a', 'a=3&b+c=1&v=y'],
          ['U:b c,a', 'a=3&b+c=1&v=x'],
          ['U:b c,a', 'a=2&b+c=1&v=y'],
          ['R', ''],
        ]);
      }));

    test('keeps the order of row versions where statements nest, and after the table has changed its shape', () =>
      atRoot(async (client, queue) => {
        await client.query(`create table shop.t (id int primary key, "v&" text);
          create function shop.again() returns trigger language plpgsql as
            $$ begin if new."v&" = 'outer' then update shop.t set "v&" = 'inner%' where id = new.id; end if; return null; end $$;
          create trigger again after insert or update on shop.t for each row execute procedure shop.again()`);
        await demand(client, 'londiste.local_add_table', queue, 'shop.t');
        await client.query(`insert into shop.t values (1, 'outer'); update shop.t set "v&" = 'outer';
          insert into shop.t values (1, 'x'), (2, 'y') on conflict (id) do update set "v&" = 'outer';
          alter table shop.t add more int default 7; update shop.t set "v&" = 'outer' where id = 1`);
        const all = (await events(client, queue)).map(([, ...rest]) => rest.join(' '));
        expect(all.filter((event) => event.includes('id=1&'))).toEqual([
          'I:id id=1&v%26=inner%25',
          'U:id id=1&v%26=inner%25',
          'U:id id=1&v%26=inner%25',
          'U:id id=1&v%26=inner%25&more=7',
        ]);
        expect(all.filter((event) => event.includes('id=2&'))).toEqual(['I:id id=2&v%26=y']);
      }));

    test('stays when the capture is refreshed or repaired, and is JSON again once pgtide adds the table', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.t (id int primary key)');
        await demand(client, 'londiste.local_add_table', queue, 'shop.t');
        await client.query('alter table shop.t add v int');
        expect(await client.query('select * from pgtide.refresh_capture($1)', [queue])).toHaveLength(1);
        await client.query('insert into shop.t values (1)');
        await repairCapture(client, queue, 'shop.t');
        await client.query('insert into shop.t values (2)');
        await demand(client, 'londiste.local_remove_table', queue, 'shop.t');
        await demand(client, 'londiste.local_add_table', queue, 'shop.t', ['pgtide']);
        await client.query('insert into shop.t values (3)');
        expect((await events(client, queue)).map(([, type]) => type)).toEqual([
          'I:id',
          'I:id',
          '{"op":"INSERT","table":["shop","t"],"pkey":["id"]}',
        ]);
      }));

    test('is another one at once where arguments ask for it, and no change is captured twice', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.t (id int primary key)');
        await demand(client, 'londiste.local_add_table', queue, 'shop.t');
        const types: unknown[] = [];
        for (const args of [['tgflags=Q'], ['pgtide'], ['tgflags=J'], [], ['backup']]) {
          await demand(client, 'londiste.create_trigger', queue, 'shop.t', args, null, 'root');
          await client.query(`insert into shop.t values (${types.length})`);
          types.push((await events(client, queue)).map(([, type]) => type));
        }
        const json = '{"op":"INSERT","table":["shop","t"],"pkey":["id"]}';
        expect(types).toEqual([['I'], [json], [json], ['I:id'], ['I:id']]);
      }));

    test('is logutriga’s for a table that has another name here', () =>
      atRoot(async (client, queue) => {
        await client.query('create table shop.local (id int primary key)');
        await demand(client, 'londiste.local_add_table', queue, 'shop.global', [], null, 'shop.local');
        await client.query('insert into shop.local values (1); truncate shop.local');
        expect(await events(client, queue)).toEqual([
          ['shop.global', 'I:id', 'id=1'],
          ['shop.global', 'R', ''],
        ]);
      }));
  });

  describe('Tables without a primary key', () => {
    test('are refused to Londiste on every node, and not to pgtide', () =>
      atRoot(async (client, queue) => {
        await client.query(
          'create table shop.keyless (v int); create table shop.uniq (v int not null unique)',
        );
        for (const table of ['shop.keyless', 'shop.uniq']) {
          const refusal = [400, `Primary key missing on table: ${table}`];
          expect(await add(client, queue, table)).toEqual(refusal);
          expect(await add(client, queue, table, ['expect_sync'])).toEqual(refusal);
          expect(await add(client, queue, table, ['no_triggers'])).toEqual(refusal);
        }
        expect((await add(client, queue, 'shop.keyless', ['pgtide']))[0]).toBe(301);
        const leaf = await makeFollower(client, 'leaf');
        await ask(client, 'londiste.global_add_table', leaf, 'shop.keyless');
        expect((await add(client, leaf, 'shop.keyless', ['expect_sync']))[0]).toBe(400);
        expect((await add(client, leaf, 'shop.keyless', ['expect_sync', 'pgtide']))[0]).toBe(301);
      }));
  });

  describe('Partitioned tables', () => {
    const make = (client: Client) =>
      client.query(`create table shop.whole (id int not null, v text) partition by range (id);
        create table shop.low partition of shop.whole (primary key (id)) for values from (0) to (10);
        create table shop.high partition of shop.whole (primary key (id)) for values from (10) to (20)`);

    test('are offered by their partitions and refused themselves, on every node', () =>
      atRoot(async (client, queue) => {
        await make(client);
        expect(await missing(client, queue)).toEqual(['shop.high', 'shop.low']);
        const refusal = [405, 'Table shop.whole is partitioned: add its partitions'];
        expect(await add(client, queue, 'shop.whole')).toEqual(refusal);
        expect(await add(client, queue, 'shop.whole', ['tgflags=L'])).toEqual(refusal);
        const leaf = await makeFollower(client, 'leaf');
        await ask(client, 'londiste.global_add_table', leaf, 'shop.whole');
        expect(await add(client, leaf, 'shop.whole', ['expect_sync'])).toEqual(refusal);
        for (const table of await missing(client, queue))
          await demand(client, 'londiste.local_add_table', queue, table);
        expect(await missing(client, queue)).toEqual([]);
        await client.query(
          'create table shop.next partition of shop.whole (primary key (id)) for values from (20) to (30)',
        );
        expect(await missing(client, queue)).toEqual(['shop.next']);
      }));

    test('offer nothing below a table that pgtide follows as a whole', () =>
      atRoot(async (client, queue) => {
        await make(client);
        await ask(client, 'londiste.local_add_table', queue, 'shop.whole', ['pgtide']);
        expect(await missing(client, queue)).toEqual([]);
        expect((await add(client, queue, 'shop.low'))[0]).toBe(405);
      }));

    test.each([
      ['Londiste', []],
      ['pgtide', ['pgtide']],
    ])('tell what is written by any name, once %s has added the partitions', (_, args) =>
      atRoot(async (client, queue) => {
        await make(client);
        for (const table of ['shop.low', 'shop.high'])
          await demand(client, 'londiste.local_add_table', queue, table, args);
        const move = version > 10 ? 'update shop.whole set id = 11 where id = 1;' : '';
        await client.query(`insert into shop.whole values (1, 'a'), (2, 'b'), (12, 'c'); update shop.whole set v = v || '!' where id > 1;
          ${move} delete from shop.whole where id = 12; insert into shop.low values (3, 'd'); truncate shop.whole`);
        expect(await events(client, queue)).toEqual([
          ['shop.low', 'I:id', 'id=1&v=a'],
          ['shop.low', 'I:id', 'id=2&v=b'],
          ['shop.high', 'I:id', 'id=12&v=c'],
          ['shop.low', 'U:id', 'id=2&v=b%21'],
          ['shop.high', 'U:id', 'id=12&v=c%21'],
          ...(version > 10
            ? [
                ['shop.low', 'D:id', 'id=1&v=a'],
                ['shop.high', 'I:id', 'id=11&v=a'],
              ]
            : []),
          ['shop.high', 'D:id', 'id=12&v=c%21'],
          ['shop.low', 'I:id', 'id=3&v=d'],
          ['shop.low', 'R', ''],
          ['shop.high', 'R', ''],
        ]);
      }),
    );

    // Before version 13 PostgreSQL does not attach a table whose triggers have transition tables.
    test.runIf(version >= 13).each([
      ['Londiste', []],
      ['pgtide', ['pgtide']],
    ])(
      'take in a table that %s has added, and it is reported and captured by row triggers from then on',
      (_, args) =>
        atRoot(async (client, queue) => {
          await make(client);
          await client.query('create table shop.joins (id int primary key, v text)');
          await demand(client, 'londiste.local_add_table', queue, 'shop.joins', args);
          expect(await client.query('select code from pgtide.capture_problems($1)', [queue])).toEqual([]);
          await client.query(
            'alter table shop.whole attach partition shop.joins for values from (20) to (30)',
          );
          expect(
            await client.query('select code, message from pgtide.capture_problems($1)', [queue]),
          ).toContainEqual({
            code: 'partition-uncaptured',
            message:
              'shop.joins has become a partition: what is written to it by the name of shop.whole is not captured',
          });
          expect(await client.query('select pgtide.refresh_capture($1) as name', [queue])).toEqual([
            { name: 'shop.joins' },
          ]);
          expect(await client.query('select code from pgtide.capture_problems($1)', [queue])).toEqual([]);
          await client.query(
            `insert into shop.whole values (20, 'a'); update shop.joins set v = 'b'; truncate shop.whole`,
          );
          expect(await events(client, queue)).toEqual([
            ['shop.joins', 'I:id', 'id=20&v=a'],
            ['shop.joins', 'U:id', 'id=20&v=b'],
            ['shop.joins', 'R', ''],
          ]);
          expect(await client.query('select pgtide.refresh_capture($1) as name', [queue])).toEqual([]);
        }),
    );

    test('have their row triggers again once the capture is repaired', () =>
      atRoot(async (client, queue) => {
        await make(client);
        await demand(client, 'londiste.local_add_table', queue, 'shop.low');
        await client.query(`drop trigger "_londiste_${queue}" on shop.low`);
        expect(await client.query('select code from pgtide.capture_problems($1)', [queue])).toMatchObject([
          { code: 'trigger-missing' },
        ]);
        await repairCapture(client, queue, 'shop.low');
        expect(await client.query('select code from pgtide.capture_problems($1)', [queue])).toEqual([]);
        await client.query(`insert into shop.whole values (1, 'a')`);
        expect(await events(client, queue)).toEqual([['shop.low', 'I:id', 'id=1&v=a']]);
      }));
  });
});
