/**
 * The same scenarios on PgQ's C code and on ours, on one server of Debian's: they show that trigger-events.json holds the
 * results of the C code. Needs Debian's postgresql-15 and postgresql-15-pgq3; skipped, with a message, if they are missing.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, type TestDatabase } from '../support/database.ts';
import known from '../support/trigger-events.json' with { type: 'json' };
import type { TriggerScenario } from '../support/trigger-scenario.ts';
import { playScenario, triggerScenarios } from '../support/trigger-scenarios.ts';

const programs = '/usr/lib/postgresql/15';
const packages = [`${programs}/bin/postgres`, '/usr/share/postgresql/15/extension/pgq.control'];
const missing = packages.some((path) => !existsSync(path));
if (missing)
  console.log(
    "skipped: PgQ's own triggers (apt-get install postgresql-15 postgresql-15-pgq3 would bring them)",
  );

const extensions: TriggerScenario = {
  name: "extensions' types, and a collation that takes capitals for small letters",
  table: `create table t (id int primary key, c citext, h hstore, ca citext[], n text collate ci, v varchar(5) collate ci)`,
  triggers: [
    ['sqltriga', 'backup'],
    ['logutriga', 'ignore=c'],
    ['jsontriga', 'ignore=n,v'],
  ],
  statements: [
    `insert into t values (1, 'Foo', 'a=>1', '{Bar}', 'Baz', 'x')`,
    `update t set c = 'foo', n = 'BAZ', v = 'X'`,
    `update t set h = 'a=>"1"', ca = '{bar}'`,
    `update t set c = 'f', n = 'é', h = 'b=>NULL'`,
  ],
};

describe.skipIf(missing)("beside PgQ's C code", () => {
  let [theirs, ours]: TestDatabase[] = [];
  beforeAll(async () => {
    const server = await ownServer({ version: 15, programs });
    [theirs, ours] = [
      await createDatabase(server, { owner: 'app' }),
      await createDatabase(server, { owner: 'app' }),
    ];
    await theirs.superuser((client) => client.query('create extension pgq'));
    await ours.superuser(install);
    for (const db of [theirs, ours])
      await db.superuser((client) =>
        client.query(`select pgq.create_queue('q'); create extension citext; create extension hstore;
          create collation public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`),
      );
  });

  test.each(triggerScenarios)('$name', async (scenario) => {
    const theirEvents = await theirs?.superuser((client) => playScenario(client, scenario));
    expect(await ours?.superuser((client) => playScenario(client, scenario))).toEqual(theirEvents);
    expect((known as Record<string, string[]>)[scenario.name]).toEqual(theirEvents);
  });

  test(extensions.name, async () => {
    const theirEvents = await theirs?.superuser((client) => playScenario(client, extensions));
    expect(theirEvents).toHaveLength(12);
    expect(await ours?.superuser((client) => playScenario(client, extensions))).toEqual(theirEvents);
  });
});
