/**
 * `pgtide queue …`: what an operator sees of a consumer's events, and does with them: the open batch, retries, dead letters. The consumer
 * `sender` of the queue `mail` has two events before it.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { queueCommands } from './queue-commands.ts';

let db: TestDatabase;

const { queue, json, sql, insert } = queueCommands(() => db);

beforeAll(async () => {
  db = await createDatabase(await postgres(14), { installed: true });
  await sql(`select pgq.create_queue('mail')`);
  await sql(`select pgq.register_consumer('mail', 'sender')`);
  await insert('ann', 'ben');
  await json('tick', 'mail');
});

describe('what a consumer still has to read', () => {
  test('no batch is open', async () => {
    expect(await json('batch', 'mail', 'sender')).toEqual({ batch: null });
    expect((await queue('events', 'mail', 'sender')).err).toMatch(
      /^error: app: sender has no batch of mail open\nfix: /,
    );
  });

  test('the open batch and its events', async () => {
    const [opened] = await sql<{ batch: bigint }>(`select pgq.next_batch('mail', 'sender') as batch`);
    expect(await json('batch', 'mail', 'sender')).toMatchObject({
      batch: Number(opened?.batch),
      consumer: 'sender',
    });
    const { events } = await json<{ events: object[] }>('events', 'mail', 'sender');
    expect(events).toMatchObject([
      { type: 'sign-up', data: 'ann', retry: null },
      { type: 'sign-up', data: 'ben' },
    ]);
    const limited = await queue('events', 'mail', 'sender', '--limit', '1');
    expect(limited.out).toMatch(/^\d+ .*sign-up +ann\n$/);
  });

  test('events that wait for a retry, and how they are deleted', async () => {
    expect((await queue('retries', 'mail')).out).toBe('nothing waits\n');
    await sql(`select pgq.event_retry(s.sub_batch, e.ev_id, 3600)
      from pgq.subscription s cross join lateral pgq.get_batch_events(s.sub_batch) e where s.sub_batch is not null`);
    await sql(`select pgq.finish_batch(sub_batch) from pgq.subscription where sub_batch is not null`);
    const { retries } = await json<{ retries: { id: number; data: string }[] }>('retries', 'mail', 'sender');
    expect(retries).toMatchObject([
      { consumer: 'sender', retries: 1, data: 'ann' },
      { consumer: 'sender', retries: 1, data: 'ben' },
    ]);
    expect((await queue('retries', 'mail')).out).toMatch(
      /sender +after \S+Z +put aside 1 time +sign-up +ann\n/,
    );
    expect(await json('delete-retries', 'mail', 'sender', String(retries[0]?.id))).toMatchObject({
      deleted: 1,
    });
    expect((await queue('delete-retries', 'mail', 'sender', '--all')).out).toBe(
      '1 event will not come again\n',
    );
  });
});

describe('dead letters', () => {
  test('hold the events that were given up, with the reason', async () => {
    expect((await queue('dead-letters', 'mail')).out).toBe('no dead letters\n');
    await insert('dora', 'emil');
    await queue('tick', 'mail');
    await sql(`select pgtide.dead_letter_put(b.id, e.ev_id, 'no such address')
      from pgq.next_batch('mail', 'sender') as b (id) cross join lateral pgq.get_batch_events(b.id) e`);
    await sql(`select pgq.finish_batch(sub_batch) from pgq.subscription where sub_batch is not null`);
    const { deadLetters } = await json<{ deadLetters: { id: number }[] }>('dead-letters', 'mail', 'sender');
    expect(deadLetters).toMatchObject([
      { consumer: 'sender', reason: 'no such address', data: 'emil' },
      { consumer: 'sender', reason: 'no such address', data: 'dora' },
    ]);
    expect((await queue('dead-letters', 'mail')).out).toMatch(
      /^\d+ +sender +\S+Z +no such address +sign-up +emil$/m,
    );
    const [emil, dora] = deadLetters.map(({ id }) => String(id));
    expect(await json('replay-dead-letters', 'mail', 'sender', dora ?? '')).toMatchObject({ replayed: 1 });
    expect(await json('retries', 'mail')).toMatchObject({ retries: [{ data: 'dora', retries: 0 }] });
    const young = await queue('purge-dead-letters', 'mail', 'sender', '--all', '--older-than', '1 day');
    expect(young.out).toBe('0 dead letters forgotten\n');
    expect(await json('purge-dead-letters', 'mail', 'sender', emil ?? '')).toMatchObject({ purged: 1 });
    expect(await json('dead-letters', 'mail')).toEqual({ deadLetters: [] });
  });

  test('are made after the number of retries that the queue sets', async () => {
    expect((await queue('set', 'mail', 'retry_limit=3')).out).toBe('mail: retry_limit = 3\n');
    expect((await queue('set', 'mail', 'retry_limit=none')).status).toBe(0);
    expect((await queue('set', 'mail', 'retry_limit=few')).err).toMatch(
      /^error: .*no value for retry_limit: few/,
    );
  });
});
