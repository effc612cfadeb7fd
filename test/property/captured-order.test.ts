/**
 * C8: the parts of a statement, nested statements and the actions of foreign keys may be captured in any order. The events
 * of a table, applied one by one, give its rows, and replay gives the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { addTables, followUntilSynced, replayAll } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { holds } from '../support/property.ts';
import { installedPair } from '../support/unit-context.ts';
import { applyEvents, type Event, textOf } from './captured-events.ts';
import { tables } from './captured-tables.ts';
import { MAY_ACT, type World, worldOf } from './captured-world.ts';

const EVENTS = `select ev_id, ev_type, ev_data, ev_extra2 from pgtide.stored_events()
  where ev_txid > $1 and ev_extra1 = $2 order by ev_id limit $3`;
/** A world with more events is not judged: its rows without a key have multiplied. */
const MAX_EVENTS = 3_000;

/**
 * Runs a world on its table, which is emptied first. A message that fails is rolled back with its transaction. Returns the
 * id of the last transaction before the world.
 */
async function run(client: Client, { table, triggers, before, transactions }: World): Promise<unknown> {
  const emptied = await client.first<{ id: bigint }>(
    `begin; drop schema if exists act cascade; create schema act; ${MAY_ACT}; delete from ${table}; commit; select txid_current() as id`,
  );
  await client.query(`insert into ${table} ${before}`);
  for (const trigger of triggers) await client.query(trigger).catch(() => undefined);
  // Triggers may create rows from rows without end.
  await client.query('set statement_timeout = 1000');
  for (const messages of transactions) {
    try {
      for (const message of messages) await client.query(message);
    } catch {
      await client.query('rollback');
    }
  }
  await client.query('set statement_timeout = 0');
  return emptied?.id;
}

describe.each([10, 13, 15, 17, 18])('from %i', (provider) => {
  it("the events of random statements and triggers lead to the provider's rows", {
    timeout: 3_600_000,
  }, async () => {
    const pair = await installedPair({ provider, subscriber: 17 });
    const made = Object.entries(tables).filter(([, { since }]) => provider >= since);
    const names = made.map(([name]) => `public.${name}`);
    await pair.both(['create table u (id int)', ...made.map(([, { sql }]) => sql)].join(';'));
    await addTables(pair, names);
    await followUntilSynced(pair);
    await using session = await pair.old.open();
    const { client } = session;

    const holdsFor = async (world: World) => {
      const since = await run(client, world);
      const events = await client.query<Event>(EVENTS, [since, `public.${world.table}`, MAX_EVENTS + 1]);
      if (events.length > MAX_EVENTS) return;
      const rows = await client.query(`select * from ${world.table}`);
      const applied = applyEvents(events, tables[world.table]?.keyed === true);
      expect(applied.faults).toEqual([]);
      expect(applied.rows).toEqual(rows.map(textOf).sort());
    };
    await holds(fc.asyncProperty(worldOf(provider), holdsFor), 60);
    await client.query('drop schema if exists act cascade');
    await replayAll(pair);
    await expectEqual(pair.old, pair.new, names);
  });
});
