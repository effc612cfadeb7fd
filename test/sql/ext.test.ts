/**
 * The contract of pgq_ext: a consumer notes in its own database, together with its work, what it has done, so that it does
 * nothing twice.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';

describe.each([10, 13, 15, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const call = async (client: Client, name: string, ...args: unknown[]) => {
    const row = await client.first<{ value: unknown }>(
      `select pgq_ext.${name}(${args.map((_, i) => `$${i + 1}`).join(', ')}) as value`,
      args,
    );
    return row?.value;
  };
  const story = (
    work: (ask: (name: string, ...args: unknown[]) => Promise<unknown>, client: Client) => Promise<void>,
  ) => db.client((client) => work((name, ...args) => call(client, name, ...args), client));

  test('A batch is done once', () =>
    story(async (ask) => {
      expect(await ask('is_batch_done', 'batches', 1)).toBe(false);
      expect(await ask('set_batch_done', 'batches', 1)).toBe(true);
      expect(await ask('is_batch_done', 'batches', 1)).toBe(true);
      expect(await ask('set_batch_done', 'batches', 1)).toBe(false);
      expect(await ask('set_batch_done', 'batches', 2)).toBe(true);
      expect(await ask('is_batch_done', 'batches', 1)).toBe(false); // only the last one is stored
      expect(await ask('is_batch_done', 'batches', 'member', 2)).toBe(false);
      expect(await ask('set_batch_done', 'batches', 'member', 7)).toBe(true);
      expect(await ask('is_batch_done', 'batches', 'member', 7)).toBe(true);
      expect(await ask('is_batch_done', 'batches', '', 2)).toBe(true);
    }));

  test('An event is done once, as long as its batch is the last one', () =>
    story(async (ask, client) => {
      expect(await ask('is_event_done', 'events', 1, 100)).toBe(false);
      expect(await ask('set_event_done', 'events', 1, 100)).toBe(true);
      expect(await ask('set_event_done', 'events', 1, 100)).toBe(false);
      expect(await ask('set_event_done', 'events', 1, 101)).toBe(true);
      expect(await ask('is_event_done', 'events', 1, 101)).toBe(true);
      expect(await ask('set_event_done', 'events', 'member', 1, 100)).toBe(true);
      expect(await ask('set_event_done', 'events', 2, 102)).toBe(true);
      expect(await ask('is_event_done', 'events', 1, 101)).toBe(false);
      expect(await ask('is_event_done', 'events', 'member', 1, 100)).toBe(true);
      expect(
        await client.query(
          `select batch_id, event_id from pgq_ext.completed_event where subconsumer_id = ''`,
        ),
      ).toEqual([{ batch_id: 2n, event_id: 102n }]);
      expect(
        await client.query(`select cur_batch_id from pgq_ext.partial_batch where subconsumer_id = ''`),
      ).toEqual([{ cur_batch_id: 2n }]);
    }));

  test('The last tick is kept, moved to any other, and forgotten', () =>
    story(async (ask) => {
      expect(await ask('get_last_tick', 'ticks')).toBeNull();
      expect(await ask('set_last_tick', 'ticks', 5)).toBe(1);
      expect(await ask('set_last_tick', 'ticks', 4)).toBe(1);
      expect(await ask('get_last_tick', 'ticks')).toBe(4n);
      expect(await ask('get_last_tick', 'ticks', 'member')).toBeNull();
      await ask('set_last_tick', 'ticks', 'member', 9);
      expect(await ask('get_last_tick', 'ticks', 'member')).toBe(9n);
      expect(await ask('set_last_tick', 'ticks', null)).toBe(1);
      expect(await ask('get_last_tick', 'ticks')).toBeNull();
      expect(await ask('get_last_tick', 'ticks', 'member')).toBe(9n);
    }));

  test('Of two runs that do the same batch at once, one finds that it is done', async () => {
    await using first = await db.open();
    await using second = await db.open();
    await first.client.query('begin');
    expect(await call(first.client, 'set_batch_done', 'race', 1)).toBe(true);
    await second.client.query('begin');
    const waiting = call(second.client, 'set_batch_done', 'race', 1);
    await first.client.query('commit');
    expect(await waiting).toBe(false);
    await second.client.query('rollback');
  });

  test('What rolls back is not done', () =>
    story(async (ask, client) => {
      await client.query('begin');
      await ask('set_batch_done', 'undone', 1);
      await ask('set_event_done', 'undone', 1, 1);
      await client.query('rollback');
      expect(await ask('is_batch_done', 'undone', 1)).toBe(false);
      expect(await ask('is_event_done', 'undone', 1, 1)).toBe(false);
    }));

  test('upgrade_schema gives tables of an old pgq_ext their subconsumers', () =>
    story(async (ask, client) => {
      await client.query('begin');
      for (const [table, column] of [
        ['completed_tick', 'last_tick_id'],
        ['completed_batch', 'last_batch_id'],
        ['partial_batch', 'cur_batch_id'],
        ['completed_event', 'batch_id, event_id'],
      ] as const) {
        await client.query(`truncate pgq_ext.${table}; alter table pgq_ext.${table} drop column subconsumer_id;
          alter table pgq_ext.${table} add constraint ${table}_pkey primary key (consumer_id${column.startsWith('batch') ? `, ${column}` : ''});
          insert into pgq_ext.${table} (consumer_id, ${column}) values ('old', ${column.startsWith('batch') ? '1, 2' : '1'})`);
      }
      expect(await ask('upgrade_schema')).toBe(4);
      expect(await ask('upgrade_schema')).toBe(0);
      expect(await ask('get_last_tick', 'old')).toBe(1n);
      expect(await ask('set_batch_done', 'old', 1)).toBe(false);
      expect(await ask('is_event_done', 'old', 1, 2)).toBe(true);
      expect(await ask('set_event_done', 'old', 'member', 1, 2)).toBe(true);
      await client.query('rollback');
    }));

  test('version', () => story(async (ask) => expect(await ask('version')).toMatch(/^3\./)));
});
