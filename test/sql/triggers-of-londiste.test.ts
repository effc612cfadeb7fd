/**
 * londiste.local_add_table and create_trigger, with arguments of Londiste's own triggers, create these triggers in place of
 * our capture.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { ask, makeFollower, makeRoot } from '../support/node.ts';
import { consume, stateOf, tickNow } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  beforeEach(() =>
    db.client((client) =>
      client.query(
        'drop schema if exists shop cascade; create schema shop; create table shop.t (id int primary key, a text, b text)',
      ),
    ),
  );
  const atRoot = (work: (client: Client, queue: string) => Promise<void>) =>
    db.client(async (client) => work(client, await makeRoot(client, 'reader')));
  const add = async (
    client: Client,
    queue: string,
    args: string[],
    table = 'shop.t',
    dest: string | null = null,
  ) => {
    const { ret_code, ret_note } = await ask(
      client,
      'londiste.local_add_table',
      queue,
      table,
      args,
      null,
      dest,
    );
    return [ret_code, ret_note];
  };
  /** Triggers without the queue's name, which is random. */
  const triggers = async (client: Client, queue: string, table = 'shop.t') =>
    (
      await client.query<{ definition: string }>(
        'select pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = $1::regclass and not tgisinternal order by tgname',
        [table],
      )
    ).map(({ definition }) =>
      definition
        .replaceAll(queue, 'Q')
        .replace('EXECUTE FUNCTION', 'EXECUTE PROCEDURE')
        .replace(/^CREATE TRIGGER /, ''),
    );
  const events = async (client: Client, queue: string) => {
    await tickNow(client, queue);
    return (await consume(client, queue, 'reader'))
      .filter(({ ev_type }) => !/^(pgq|londiste)\./.test(ev_type ?? ''))
      .map((e) => [e.ev_type, e.ev_data, e.ev_extra1, e.ev_extra2]);
  };
  const truncateTrigger =
    "_londiste_Q_truncate AFTER TRUNCATE ON shop.t FOR EACH STATEMENT EXECUTE PROCEDURE pgq.sqltriga('Q')";

  test('Arguments of the trigger make a logutriga trigger, and one for TRUNCATE', () =>
    atRoot(async (client, queue) => {
      expect(await add(client, queue, ['backup', 'ignore=b'])).toEqual([200, 'Table added: shop.t']);
      expect(await triggers(client, queue)).toEqual([
        "_londiste_Q AFTER INSERT OR DELETE OR UPDATE ON shop.t FOR EACH ROW EXECUTE PROCEDURE pgq.logutriga('Q', 'backup', 'ignore=b')",
        truncateTrigger,
      ]);
      await client.query(
        `insert into shop.t values (1, 'x', 'y'); update shop.t set a = 'z'; truncate shop.t`,
      );
      expect(await events(client, queue)).toEqual([
        ['I:id', 'id=1&a=x', 'shop.t', null],
        ['U:id', 'id=1&a=z', 'shop.t', 'id=1&a=x'],
        ['R', '', 'shop.t', null],
      ]);
      expect(await client.query('select * from pgtide.capture_problems($1)', [queue])).toEqual([]);
      expect(await client.query('select * from pgtide.refresh_capture($1)', [queue])).toEqual([]);
      expect(await triggers(client, queue)).toHaveLength(2);

      await client.query(`alter table shop.t disable trigger "_londiste_${queue}"`);
      expect(await client.query('select code from pgtide.capture_problems($1)', [queue])).toEqual([
        { code: 'trigger-disabled' },
      ]);
      expect((await ask(client, 'londiste.local_remove_table', queue, 'shop.t')).ret_code).toBe(200);
      expect(await triggers(client, queue)).toEqual([]);
    }));

  test.each([
    ['tgflags=Q', 'AFTER INSERT OR DELETE OR UPDATE', 'sqltriga'],
    ['tgflags=bij', 'BEFORE INSERT', 'jsontriga'],
    ['tgflags=AUDL', 'AFTER DELETE OR UPDATE', 'logutriga'],
  ])('%s', (flags, when, name) =>
    atRoot(async (client, queue) => {
      expect(await add(client, queue, [flags])).toEqual([200, 'Table added: shop.t']);
      expect(await triggers(client, queue)).toEqual([
        `_londiste_Q ${when} ON shop.t FOR EACH ROW EXECUTE PROCEDURE pgq.${name}('Q')`,
        truncateTrigger,
      ]);
    }),
  );

  test('A table under another name has row triggers, also with the argument pgtide; the capture says which trigger it made', () =>
    atRoot(async (client, queue) => {
      const args = [queue, 'shop.other', ['pgtide'], 'shop.t', 'root'];
      expect(await ask(client, 'londiste.create_trigger', ...args)).toMatchObject({
        ret_code: 200,
        trigger_name: `_londiste_${queue}`,
      });
      const made = await ask(client, 'londiste.create_trigger', queue, 'shop.t', ['pgtide'], null, 'root');
      expect(
        await client.query(`select from pg_trigger where tgrelid = 'shop.t'::regclass and tgname = $1`, [
          made.trigger_name,
        ]),
      ).toHaveLength(1);
    }));

  test('A trigger that is the same stays, another one takes its place', () =>
    atRoot(async (client, queue) => {
      const create = (...args: string[]) =>
        ask(client, 'londiste.create_trigger', queue, 'shop.t', args, null, 'root');
      const oids = async () =>
        (
          await client.query<{ oid: number }>(
            `select oid from pg_trigger where tgrelid = 'shop.t'::regclass order by 1`,
          )
        ).map(({ oid }) => oid);
      expect(await create('backup')).toEqual({
        ret_code: 200,
        ret_note: `Trigger created: _londiste_${queue}`,
        trigger_name: `_londiste_${queue}`,
      });
      const first = await oids();
      await create('backup');
      expect(await oids()).toEqual(first);
      await create('backup', 'when=a is not null');
      expect((await oids()).filter((oid) => first.includes(oid))).toHaveLength(1);
      await client.query('select londiste.drop_table_triggers($1, $2)', [queue, 'shop.t']);
      expect(await oids()).toEqual([]);
    }));

  test('A table that is known under another name is reported by that name, also when it is truncated', () =>
    atRoot(async (client, queue) => {
      await client.query('create table shop."o.ther" (id int primary key)');
      expect(await add(client, queue, ['tgflags=L'], 'shop.global', 'shop.o.ther')).toEqual([
        200,
        'Table added: shop.global',
      ]);
      await client.query('insert into shop."o.ther" values (1); truncate shop."o.ther"');
      expect(await events(client, queue)).toEqual([
        ['I:id', 'id=1', 'shop.global', null],
        ['R', '', 'shop.global', null],
      ]);
      await ask(client, 'londiste.local_remove_table', queue, 'shop.global');
      expect(await triggers(client, queue, 'shop."o.ther"')).toEqual([]);
    }));

  test('One SKIP trigger fires last, and no AFTER trigger comes beside it', () =>
    atRoot(async (client, queue) => {
      const second = await makeRoot(client);
      const third = await makeRoot(client);
      expect(await add(client, queue, ['tgflags=B', 'skip'])).toEqual([200, 'Table added: shop.t']);
      expect(await add(client, second, ['tgflags=BS'])).toEqual([200, 'Table added: shop.t']);
      expect((await triggers(client, queue)).map((t) => t.replaceAll(second, 'R'))).toEqual(
        expect.arrayContaining([
          "zzz__londiste_Q BEFORE INSERT OR DELETE OR UPDATE ON shop.t FOR EACH ROW EXECUTE PROCEDURE pgq.logutriga('Q', 'SKIP')",
          "_londiste_R BEFORE INSERT OR DELETE OR UPDATE ON shop.t FOR EACH ROW EXECUTE PROCEDURE pgq.logutriga('R')",
        ]),
      );
      await client.query('insert into shop.t values (1)');
      expect(await client.query('select * from shop.t')).toEqual([]);
      expect(await events(client, queue)).toHaveLength(1);
      expect(await add(client, third, ['tgflags=L'])).toEqual([
        403,
        'AFTER trigger cannot work with SKIP trigger(s)',
      ]);
      await client.query(
        `create trigger other before insert on shop.t for each row execute procedure pgq.logutriga('${third}', 'SKIP')`,
      );
      expect(await add(client, third, ['tgflags=B', 'skip'])).toEqual([405, 'Multiple SKIP triggers']);
      expect(await client.query('select * from londiste.get_table_list($1)', [third])).toEqual([]);
    }));

  test('An older SKIP trigger is made to fire last', () =>
    atRoot(async (client, queue) => {
      await client.query(
        `create trigger skips before insert on shop.t for each row execute procedure pgq.logutriga('${queue}x', 'SKIP')`,
      );
      await add(client, queue, ['tgflags=B', 'skip']);
      expect((await triggers(client, queue)).map((t) => t.split(' ')[0])).toEqual([
        '_londiste_Q',
        '_londiste_Q_truncate',
        'zzz_skips',
      ]);
    }));

  test('What such triggers cannot do is refused, or reported', () =>
    atRoot(async (client, queue) => {
      await client.query(`create table shop.keyless (a int, b int); create table shop.whole (a int) partition by range (a);
        create function shop.nothing() returns trigger language plpgsql as 'begin return null; end';
        create trigger "A first" after insert on shop.t for each row execute procedure shop.nothing()`);
      expect(await add(client, queue, ['tgflags=L'], 'shop.keyless')).toEqual([
        400,
        'Primary key missing on table: shop.keyless',
      ]);
      expect(await add(client, queue, ['pkey=a'], 'shop.keyless')).toEqual([
        200,
        'Table added: shop.keyless',
      ]);
      expect(await add(client, queue, ['backup'], 'shop.whole')).toEqual([
        405,
        'Table shop.whole is partitioned: add its partitions',
      ]);
      expect(await add(client, queue, ['backup'])).toEqual([
        301,
        'Table added: shop.t: londiste trigger is not first: A first',
      ]);
      expect(await stateOf(add(client, queue, ['nonsense']))).toMatchObject(['TD001', expect.any(String)]);
    }));

  test('A leaf keeps its guard', () =>
    db.client(async (client) => {
      const queue = await makeFollower(client, 'leaf');
      await ask(client, 'londiste.global_add_table', queue, 'shop.t');
      expect(await add(client, queue, ['backup'])).toEqual([200, 'Table added: shop.t']);
      expect(await triggers(client, queue)).toMatchObject([
        expect.stringContaining('pgtide.deny('),
        expect.stringContaining('pgtide.deny('),
      ]);
      expect(await stateOf(client.query('insert into shop.t values (1)'))).toMatchObject([
        'TD003',
        expect.stringContaining('change not allowed (INSERT)'),
      ]);
      await ask(client, 'londiste.local_remove_table', queue, 'shop.t');
      await ask(client, 'londiste.global_remove_table', queue, 'shop.t');
    }));

  test('A guard of an older release, of one trigger, is left as it is and goes with the table', () =>
    db.client(async (client) => {
      const queue = await makeFollower(client, 'leaf');
      await client.query(`create trigger "_pgtide_${queue}_deny" before insert or update or delete or truncate on shop.t
        for each statement execute procedure pgtide.deny('${queue}', 'shop.t')`);
      await ask(client, 'londiste.global_add_table', queue, 'shop.t');
      await add(client, queue, []);
      expect(await triggers(client, queue)).toHaveLength(1);
      expect((await stateOf(client.query('truncate shop.t')))?.[0]).toBe('TD003');
      await ask(client, 'londiste.local_remove_table', queue, 'shop.t');
      expect(await triggers(client, queue)).toEqual([]);
    }));
});
