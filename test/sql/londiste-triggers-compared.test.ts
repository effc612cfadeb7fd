/**
 * The triggers that londiste.create_trigger creates for tgflags and the other arguments, and their effect on rows, on the
 * real extension and on ours, on one server of Debian's. Needs Debian's PostgreSQL 15 with Londiste's SQL; skipped, with a
 * message, if it is missing.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import { demand } from '../support/node.ts';
import { rawRows, stateOf } from '../support/queue.ts';

const programs = '/usr/lib/postgresql/15';
const packages = [
  `${programs}/bin/postgres`,
  ...['pgq', 'pgq_node', 'londiste'].map((name) => `/usr/share/postgresql/15/extension/${name}.control`),
];
const missing = packages.some((path) => !existsSync(path));
if (missing) console.log("skipped: Londiste's SQL (test/support/install-peers.sh would bring it)");

/**
 * Arguments, and the SKIP triggers that the table has already. Without any argument the form of the events is the same, but
 * ours is captured in another way.
 */
const combinations: [args: string[], others?: string[]][] = [
  ...['B', 'A', 'BA', 'I', 'UD', 'BIU', 'Q', 'L', 'J', 'QL', 'QJ', 'LJ', 'QLJ', 'biq', 'zX'].map(
    (flags): [string[]] => [[`tgflags=${flags}`]],
  ),
  ...['S', 'BS', 'AS', 'BAS', 'BIS', 'SQ', 'BSJ'].map((flags): [string[]] => [[`tgflags=${flags}`]]),
  [['skip']],
  [['SKIP']],
  [['tgflags=B', 'skip']],
  [['tgflags=BI', 'SKIP', 'expect_sync']],
  [['tgflags=B', 'tgflags=J', 'skip']],
  [['skip'], ['other']],
  [['tgflags=B', 'skip'], ['other']],
  [['tgflags=B', 'skip'], ['zzz_other']],
  [
    ['tgflags=B', 'skip'],
    ['other', 'zzz_more'],
  ],
  [['tgflags=L'], ['other']],
  [['tgflags=B'], ['other']],
  [['skip'], ['other', 'zzz_more']],
  [['backup']],
  [['ignore=v', 'backup', 'tgflags=J']],
  [['pkey=id,v']],
  [['when=id > 1', "ev_extra3='hash='||id"]],
  [['tgflags=L', 'no_triggers']],
  [['tgflags=L', 'virtual_table']],
  [['tgflags=L', 'expect_sync', 'skip_truncate', 'no_merge']],
];

async function play(client: Client, args: string[], others: string[] = []): Promise<unknown> {
  await client.query('drop table if exists t cascade; create table t (id int primary key, v text)');
  for (const name of others)
    await client.query(`create trigger ${name} before insert or update or delete on t
      for each row execute procedure pgq.logutriga('q', 'SKIP')`);
  const { code } = (await client.first<{ code: number }>(
    `select ret_code as code from londiste.create_trigger('q', 'public.t', $1, 'public.t', 'root')`,
    [args],
  )) ?? { code: 0 };
  const triggers = await client.query(
    `select pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = 't'::regclass and not tgisinternal order by tgname`,
  );
  const outcomes: unknown[] = [];
  for (const change of [
    `insert into t values (1, 'a'), (2, 'b')`,
    `update t set v = 'x' where id = 2`,
    'delete from t where id = 1',
    'truncate t',
  ]) {
    const failure = await stateOf(rawRows(client, change));
    outcomes.push(failure?.[1] ?? (await client.query('select * from t order by id')));
  }
  const events = await client.query(
    'select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3 from pgq.event_template order by ev_id',
  );
  await client.query('truncate pgq.event_template cascade').catch(() => undefined);
  return { code, triggers, outcomes, events };
}

describe.skipIf(missing)("beside Londiste's SQL", () => {
  let [theirs, ours]: TestDatabase[] = [];
  beforeAll(async () => {
    const server = await ownServer({ version: 15, programs });
    [theirs, ours] = [
      await createDatabase(server, { owner: 'app' }),
      await createDatabase(server, { owner: 'app' }),
    ];
    for (const name of ['pgq', 'pgq_node', 'londiste'])
      await theirs.superuser((client) => client.query(`create extension ${name}`));
    await ours.superuser(install);
    for (const db of [theirs, ours])
      await db.superuser(async (client) => {
        await demand(client, 'pgq_node.register_location', 'q', 'root', 'dbname=root', false);
        await demand(client, 'pgq_node.create_node', 'q', 'root', 'root', 'worker', null, null, null);
      });
  });

  test.each(combinations)('%j, beside %j', async (args, others) => {
    const expected = await theirs?.superuser((client) => play(client, args, others));
    expect(await ours?.superuser((client) => play(client, args, others))).toEqual(expected);
  });

  test('SKIP in an AFTER trigger fails the write, and drops no event', async () => {
    const played = await ours?.superuser((client) => play(client, ['skip']));
    expect(played).toMatchObject({
      outcomes: [
        'SKIP does not work in AFTER trigger.',
        expect.anything(),
        expect.anything(),
        expect.anything(),
      ],
    });
  });
});
