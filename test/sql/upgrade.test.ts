/**
 * A database of each earlier release becomes equal to a new one, and keeps its queues, consumers, nodes and captures.
 * Producers may write during the upgrade: they lose no event, and see no error.
 */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { installedSchemas } from '../../lib/install/installed-schema.ts';
import { schemaSources } from '../../lib/install/schema-sources.ts';
import { sqlFiles } from '../../lib/install/sql-files.ts';
import { describeCatalog, functionBodies } from '../support/catalog.ts';
import { createDatabase, createRole, ownServer, postgres, type TestDatabase } from '../support/database.ts';
import { demand } from '../support/node.ts';
import { consume } from '../support/queue.ts';
import { filesOfRelease, isFirst, releases } from '../support/release.ts';
import { until } from '../support/until.ts';

const newFiles = sqlFiles();

/** A root with a captured table, another queue, and a consumer of that queue. */
async function inUse(client: Client, args: string[] = []): Promise<void> {
  await client.query('create table orders (id serial primary key, note text)');
  await demand(client, 'pgq_node.register_location', 'shop', 'root', 'node:root', false);
  await demand(client, 'pgq_node.create_node', 'shop', 'root', 'root', 'shop.root', null, null, null);
  await demand(client, 'londiste.local_add_table', 'shop', 'public.orders', args);
  await client.query(`select pgq.create_queue('mails'), pgq.register_consumer('mails', 'sender')`);
}

/** The function of a capture: its name and body hold the table's oid. */
const generated = /pgtide\.capture_\d+_\d+\(\)/;

/** Each rotation gives an event table the index that those of new queues have. An upgrade would have to lock out writers. */
const indexEventTables = (client: Client) =>
  client.query(
    `select pgq._create_event_index(format('%s_%s', q.queue_data_pfx, nr)) from pgq.queue q, generate_series(0, q.queue_ntables - 1) nr`,
  );

/** The rows of our tables, except those of pgtide.schema_version. */
async function rowsOf(client: Client): Promise<unknown[]> {
  const tables = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('pgq', 'pgq_node', 'pgq_ext', 'londiste', 'pgtide')
        and c.oid <> 'pgtide.schema_version'::regclass order by 1`,
  );
  const union = tables.map(({ name }) => `select '${name}' as name, t::text as row from ${name} t`);
  return client.query(`${union.join(' union all ')} order by 1, 2`);
}

async function beOf(files: ReadonlyMap<string, string>): Promise<TestDatabase> {
  const db = await createDatabase(await postgres(15));
  await db.client(async (client) => {
    await install(client, { files });
    await inUse(client);
  });
  return db;
}

describe.each(releases)('from release %s', (release) => {
  test.each([10, 13, 15, 18])('to the catalog of a new database, on PostgreSQL %i', async (version) => {
    const server = await ownServer({ version });
    const [old, fresh] = [
      await createDatabase(server, { owner: 'app' }),
      await createDatabase(server, { owner: 'app' }),
    ];
    // Rights of roles are compared, too.
    await old.superuser((client) => client.query('alter role app createrole'));
    await fresh.client(async (client) => {
      await install(client);
      // Tables that the first release has captured keep the form of pgtide's tables.
      await inUse(client, ['pgtide']);
    });
    await old.client(async (client) => {
      await install(client, { files: filesOfRelease(release) });
      await inUse(client, isFirst(release) ? [] : ['pgtide']);
      await client.query(`insert into orders (note) values ('before')`);
      expect((await install(client)).upgraded).not.toEqual([]);
      expect(await install(client)).toMatchObject({ installed: [], upgraded: [] });
      await client.query(`select pgtide.refresh_capture('shop')`);
      await indexEventTables(client);
    });
    const [upgraded, installed] = await Promise.all(
      [old, fresh].map((db) =>
        db.client(async (client) => [
          ...(await describeCatalog(client)).map((line) => line.replace(generated, 'capture')),
          ...(await functionBodies(client)).filter((line) => !generated.test(line)),
          ...(await installedSchemas(client)).map((one) => JSON.stringify(one)).sort(),
        ]),
      ),
    );
    expect(upgraded).toEqual(installed);
  });

  test('with every row that no migration changes, and the rights that the owner granted', async () => {
    const db = await beOf(filesOfRelease(release));
    await createRole(db.server, 'producer');
    await db.client(async (client) => {
      await client.query('grant execute on function pgq.insert_event(text, text, text) to producer');
      const before = await rowsOf(client);
      await install(client);
      // The queue of the node is closed.
      const closed = isFirst(release) ? [{ name: 'pgq.closed_queue', row: '(1)' }] : [];
      expect(await rowsOf(client)).toEqual(
        [...before, ...closed].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      );
      await db.superuser((as) =>
        as.query(`set role producer; select pgq.insert_event('mails', 't', 'granted')`),
      );
      await client.query(`insert into orders (note) values ('after')`);
      await client.query(`select pgq.insert_event('mails', 't', 'after'), pgq.force_tick('mails')`);
      await client.query(`select pgq.ticker('mails')`);
      expect(await consume(client, 'mails', 'sender')).toMatchObject([
        { ev_data: 'granted' },
        { ev_data: 'after' },
      ]);
    });
  });
});

/** The files of a next release, which alters tables that producers and consumers use all the time. */
function nextRelease(): ReadonlyMap<string, string> {
  const version = schemaSources(newFiles).find(({ schema }) => schema === 'pgq')?.version ?? 0;
  return new Map([
    ...newFiles,
    [
      `migrations/pgq/${version}-${version + 1}.sql`,
      `alter table pgq.queue add queue_note text;
       alter table pgq.subscription add sub_note text;
       alter table pgq.event_template add ev_note text;`,
    ],
  ]);
}

describe('while producers write', () => {
  test('nothing is lost, and no producer sees an error', async () => {
    const db = await beOf(filesOfRelease(releases[0] ?? ''));
    const work = { ended: false, sent: 0 };
    const produce = () =>
      db.client(async (client) => {
        while (!work.ended) {
          await client.transaction({}, async () => {
            for (let i = 0; i < 3; i++)
              await client.query(`select pgq.insert_event('mails', 't', $1)`, [String(i)]);
            await client.query(`insert into public.orders (note) values ('new')`);
          });
          work.sent += 3;
        }
      });
    const seen: string[] = [];
    const tickAndConsume = (client: Client) =>
      client.transaction({}, async () => {
        await client.query(`select pgq.force_tick('mails')`);
        await client.query(`select pgq.ticker('mails')`);
        for (const event of await consume(client, 'mails', 'sender')) seen.push(String(event.ev_id));
      });
    const follow = () =>
      db.client(async (client) => {
        while (!work.ended) await tickAndConsume(client);
      });
    const all = Promise.all([produce(), produce(), follow()]);
    try {
      for (const files of [newFiles, nextRelease()]) {
        const from = work.sent;
        await until('events before the upgrade', () => work.sent > from + 30);
        await db.client((client) => install(client, { files }));
      }
      const from = work.sent;
      await until('events after the upgrade', () => work.sent > from + 30);
    } finally {
      work.ended = true;
      await all;
    }
    await db.client(async (client) => {
      for (let i = 0; i < 3; i++) await tickAndConsume(client);
      expect(new Set(seen).size).toBe(work.sent);
      expect(seen).toHaveLength(work.sent);
    });
  });

  test('it waits for an open transaction, while others go on', async () => {
    const db = await beOf(newFiles);
    await using one = await db.open();
    await one.client.query('begin');
    await one.client.query(`select pgq.insert_event('mails', 't', 'long')`);
    const state = { ended: false, sent: 0 };
    const upgrade = db.client((client) => install(client, { files: nextRelease() }));
    const others = db.client(async (client) => {
      while (!state.ended) {
        await client.query(`select pgq.insert_event('mails', 't', 'short')`);
        state.sent++;
      }
    });
    await db.superuser(async (client) => {
      const waits = async () =>
        (
          await client.query(
            `select 1 from pg_stat_activity
            where datname = current_database() and query like 'lock table%' and wait_event_type = 'Lock'`,
          )
        ).length > 0;
      await until('the upgrade waits', waits);
      const from = state.sent;
      await until('it gives way', async () => !(await waits()) && state.sent > from);
      await until('it waits again', waits);
    });
    await one.client.query('commit');
    await upgrade;
    state.ended = true;
    await others;
    await db.client(async (client) => {
      expect(await client.query('select queue_note, sub_note from pgq.queue, pgq.subscription')).not.toEqual(
        [],
      );
      await client.query(`select pgq.force_tick('mails')`);
      await client.query(`select pgq.ticker('mails')`);
      expect(await consume(client, 'mails', 'sender')).toHaveLength(state.sent + 1);
    });
  });
});
