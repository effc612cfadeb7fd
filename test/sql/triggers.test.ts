/**
 * pgq.sqltriga, logutriga and jsontriga: their events, errors and the order of their checks are those of PgQ's C code, byte
 * for byte (trigger-events.json holds the results of the C code). Where the C code is wrong, ours is not.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { createDatabase, createRole, postgres, type TestDatabase } from '../support/database.ts';
import { rawRows, stateOf } from '../support/queue.ts';
import known from '../support/trigger-events.json' with { type: 'json' };
import type { TriggerScenario } from '../support/trigger-scenario.ts';
import { playScenario, triggerScenarios } from '../support/trigger-scenarios.ts';
import { withOthers } from '../support/versions.ts';

const events: Record<string, string[]> = known;

describe.each(withOthers([10, 13, 15, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await db.client((client) => client.query(`select pgq.create_queue('q')`));
  });
  const play = (scenario: TriggerScenario) =>
    (scenario.superuser ? db.superuser : db.client)((client) => playScenario(client, scenario));

  test.each(triggerScenarios.filter(({ since = 10 }) => since <= version))('$name', async (scenario) => {
    expect(await play(scenario)).toEqual(events[scenario.name]);
  });

  describe('where the C code goes wrong', () => {
    test('a renamed key column keeps its event whole', async () => {
      expect(
        await play({
          name: '',
          table: 'create table t (a int primary key, b int); alter table t rename a to c',
          triggers: [['sqltriga'], ['logutriga']],
          statements: ['insert into t values (1, 2)', 'update t set b = 3', 'update t set c = 3'],
        }),
      ).toEqual([
        'ERROR primary key update not allowed',
        "I | (c,b) values ('1','2') | shop.t | ~ | ~ | ~",
        'I:c | c=1&b=2 | shop.t | ~ | ~ | ~',
        "U | b='3' where c='1' | shop.t | ~ | ~ | ~",
        'U:c | c=1&b=3 | shop.t | ~ | ~ | ~',
      ]);
    });

    test.skipIf(version < 11)('columns that a key only includes are no key', async () => {
      const played = await play({
        name: '',
        table: 'create table t (a int, b int, primary key (a) include (b))',
        triggers: [['logutriga']],
        statements: ['insert into t values (1, 2)', 'update t set b = 3'],
      });
      expect(played).toEqual(['I:a | a=1&b=2 | shop.t | ~ | ~ | ~', 'U:a | a=1&b=3 | shop.t | ~ | ~ | ~']);
    });

    test('an UPDATE without a WHERE is never sent', async () => {
      const played = await play({
        name: '',
        table: 'create table t (a int primary key, b int)',
        triggers: [['sqltriga', 'pkey=nothing']],
        statements: ['insert into t values (1, 2)', 'update t set b = 3', 'delete from t'],
      });
      expect(played).toEqual([
        'ERROR key column does not exist',
        'ERROR key column does not exist',
        "I | (a,b) values ('1','2') | shop.t | ~ | ~ | ~",
      ]);
    });

    test('expressions may quote names, write them in capitals, and call functions named like columns', async () => {
      const played = await play({
        name: '',
        table: 'create table t (lower int primary key, "B ""c" text)',
        triggers: [['logutriga', 'ev_extra2="B ""c" || LOWER', `ev_extra3=lower('X') || E'\\'lower'`]],
        statements: [`insert into t values (1, 'y')`],
      });
      expect(played).toEqual([`I:lower | lower=1&B+%22c=y | shop.t | y1 | x'lower | ~`]);
    });

    test('a changed key is refused even when ignored columns changed before it', async () => {
      const played = await play({
        name: '',
        table: 'create table t (b int, a int primary key)',
        triggers: [['logutriga', 'ignore=c']],
        statements: ['insert into t values (1, 2)', 'update t set b = 3, a = 4'],
      });
      expect(played[0]).toBe('ERROR primary key update not allowed');
    });
  });

  test('The table may change its shape between two statements of one transaction', async () => {
    const played = await play({
      name: '',
      table: 'create table t (a int primary key, b int)',
      triggers: [['logutriga']],
      statements: [
        `begin; insert into t values (1, 2); alter table t rename b to c; alter table t add d text default 'x';
         insert into t values (2, 3); alter table t drop c, add c int default 5; insert into t values (3, 'y'); commit`,
      ],
    });
    expect(played).toEqual([
      'I:a | a=1&b=2 | shop.t | ~ | ~ | ~',
      'I:a | a=2&c=3&d=x | shop.t | ~ | ~ | ~',
      'I:a | a=3&d=y&c=5 | shop.t | ~ | ~ | ~',
    ]);
  });

  test('Large and foreign values arrive whole', async () => {
    const text = `${'añ"\\,() \n'.repeat(20_000)}${Array.from({ length: 500 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(' ')}`;
    await db.client(async (client) => {
      await client.query(`set search_path = public; create table big (id int primary key, t text, u text);
        create trigger a after insert on big for each row execute procedure pgq.logutriga('q');
        create trigger b after insert on big for each row execute procedure pgq.jsontriga('q')`);
      await client.query(`insert into public.big values (1, $1, '')`, [text]);
      const rows = await client.query<{ ev_data: string }>(
        'select ev_data from pgq.event_template order by ev_id',
      );
      const fields = new URLSearchParams(rows[0]?.ev_data);
      expect(fields.get('t') === text).toBe(true);
      expect(fields.get('u')).toBe('');
      expect(rows[0]?.ev_data).toMatch(/^[\x21-\x7e]*$/);
      expect(JSON.parse(rows[1]?.ev_data ?? '')).toEqual({ id: 1, t: text, u: '' });
      await client.query('truncate pgq.event_1; drop table public.big');
    });
  });

  test('Errors have SQLSTATEs, and an unknown queue is one', async () => {
    await db.client(async (client) => {
      await client.query('create table public.e (a int)');
      const fire = async (args: string) => {
        await client.query(
          `create trigger a after insert on public.e for each row execute procedure pgq.logutriga(${args})`,
        );
        const state = await stateOf(client.query('insert into public.e values (1)'));
        await client.query('drop trigger a on public.e');
        return state;
      };
      expect(await fire(`'nowhere'`)).toEqual(['TD002', 'No such queue: nowhere']);
      expect(await fire(`'q', 'deny'`)).toMatchObject(['TD003', expect.anything()]);
      expect(await fire(`'q', 'nonsense'`)).toMatchObject(['TD001', expect.anything()]);
      await client.query(
        `create trigger a after delete on public.e for each row execute procedure pgq.logutriga('q'); insert into public.e values (1)`,
      );
      expect(await stateOf(client.query('delete from public.e'))).toMatchObject(['TD004', expect.anything()]);
    });
  });

  test('They need the rights that pgq.insert_event needs, and no others', async () => {
    await createRole(db.server, 'app_writer');
    const write = () =>
      withClient(db.targetAs('app_writer'), 'test', (client) =>
        stateOf(rawRows(client, 'insert into public.w values (1)')),
      );
    await db.client((client) =>
      client.query(`create table public.w (a int); grant insert on public.w to app_writer;
        create trigger a after insert on public.w for each row execute procedure pgq.sqltriga('q')`),
    );
    expect(await write()).toEqual(['42501', expect.stringMatching(/permission denied for \w+ event_\d+_/)]);
    await db.client((client) => client.query(`select pgtide.grant_queue('q', 'app_writer', 'produce')`));
    expect(await write()).toBeUndefined();
    await db.client((client) => client.query('drop table public.w'));
  });
});
