/**
 * Where a slice of a batch ends: after the most events, in the order of their ids, that are within both limits; after the first
 * event at least. To find a small slice of a large batch costs no sort of the batch, and what is sent does not depend on the rest.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { makeQueue, nextBatch, tickNow } from '../support/queue.ts';

const LARGEST = 2n ** 63n - 1n;

interface Slice {
  query: string;
  last: bigint | null;
}

interface Limits {
  after?: bigint;
  events?: bigint;
  bytes?: bigint;
}

/** Opens a batch of the events that `rows` returns: type, data, extra1, extra2. */
async function openBatch(client: Client, rows: string): Promise<{ batch: bigint; first: bigint }> {
  const queue = await makeQueue(client);
  await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
  const table = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [queue]);
  await client.query(
    `insert into ${table?.name} (ev_time, ev_type, ev_data, ev_extra1, ev_extra2)
     select now(), * from (${rows}) r`,
  );
  await tickNow(client, queue);
  const batch = await nextBatch(client, queue, 'reader');
  const first = await client.first<{ id: bigint }>('select min(ev_id) as id from pgq.get_batch_events($1)', [
    batch,
  ]);
  if (batch === null || !first) throw new Error('no batch');
  return { batch, first: first.id };
}

const call = `pgtide.slice_query($1, $2, $3, $4, '[]', false, false)`;

async function slice(
  client: Client,
  batch: bigint,
  { after = 0n, events = LARGEST, bytes = LARGEST }: Limits,
): Promise<Slice> {
  const found = await client.first<Slice>(`select query, last_ev_id as last from ${call}`, [
    batch,
    after,
    events,
    bytes,
  ]);
  if (!found) throw new Error('no slice');
  return found;
}

/** The ids that the slice holds, as places from 1 on. */
async function sent(client: Client, query: string, first: bigint): Promise<number[]> {
  const rows = await client.query<{ id: bigint }>(`select ev_id as id from (${query}) q order by 1`);
  return rows.map(({ id }) => Number(id - first) + 1);
}

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });

  // The sizes of the events are 4, 4 (in ev_extra2), 0, 10, 1 and 1 bytes.
  const six = `values ('a', 'aaaa', null, null), ('b', null, null, 'bbbb'), ('c', null, null, null),
    ('d', repeat('d', 10), null, null), ('e', 'e', null, null), (null, 'f', null, null)`;
  test.each<[string, Limits, last: number | null]>([
    ['no limits', {}, null],
    ['as many events as there are', { events: 6n }, null],
    ['one event less', { events: 5n }, 5],
    ['one event', { events: 1n }, 1],
    ['less than one event', { events: 0n }, 1],
    ['as many bytes as there are', { bytes: 20n }, null],
    ['one byte less', { bytes: 19n }, 5],
    ['bytes of the first three', { bytes: 8n }, 3],
    ['fewer bytes than the first has', { bytes: 1n }, 1],
    ['both, events being less', { events: 2n, bytes: 18n }, 2],
    ['both, bytes being less', { events: 5n, bytes: 4n }, 1],
    ['one event after the third', { after: 3n, events: 1n }, 4],
    ['few bytes after the third', { after: 3n, bytes: 11n }, 5],
    ['all after the third', { after: 3n, events: 3n, bytes: 12n }, null],
    ['nothing left', { after: 6n, events: 1n, bytes: 1n }, null],
  ])('a slice ends at its limits: %s', (_limits, { after = 0n, ...limits }, last) =>
    db.client(async (client) => {
      const { batch, first } = await openBatch(client, six);
      const found = await slice(client, batch, { ...limits, after: after + first - 1n });
      expect(found.last === null ? null : Number(found.last - first) + 1).toBe(last);
      const places = [1, 2, 3, 4, 5, 6].filter((place) => place > after && place <= (last ?? 6));
      expect(await sent(client, found.query, first)).toEqual(places);
    }),
  );

  test('events of classic triggers are converted if the slice holds some', () =>
    db.client(async (client) => {
      const { batch, first } = await openBatch(
        client,
        `select case when i = 3 then 'I:id' else 'note' end, 'id=1', 'public.t', null from generate_series(1, 4) i`,
      );
      const converts = async (limits: Limits) =>
        (await slice(client, batch, limits)).query.includes('_read_classic_event');
      expect(await converts({})).toBe(true);
      expect(await converts({ events: 3n })).toBe(true);
      expect(await converts({ events: 2n })).toBe(false);
      expect(await converts({ bytes: 12n })).toBe(true);
      expect(await converts({ bytes: 8n })).toBe(false);
      expect(await converts({ after: first + 2n })).toBe(false);
    }));

  test('only events of the slice are looked through for one that is too large', () =>
    db.client(async (client) => {
      await client.query(`set pgtide.max_event_bytes = 100`);
      const { batch } = await openBatch(
        client,
        `select 'note', repeat('x', case when i = 3 then 101 else 1 end), null, null from generate_series(1, 4) i`,
      );
      const replaces = async (limits: Limits) =>
        (await slice(client, batch, limits)).query.includes('it is larger than');
      expect(await replaces({})).toBe(true);
      expect(await replaces({ events: 3n })).toBe(true);
      expect(await replaces({ events: 2n })).toBe(false);
      expect(await replaces({ bytes: 103n })).toBe(true);
      expect(await replaces({ bytes: 102n })).toBe(false);
    }));

  test('a small slice of a large batch is found without a sort of the batch', () =>
    db.client(async (client) => {
      const { batch } = await openBatch(
        client,
        `select '{"op":"INSERT"}', repeat('x', 10), 'public.t', null from generate_series(1, 20000) i`,
      );
      const [row] = await client.transaction({}, async () => {
        // A sort of the batch does not fit, and is written to disk.
        await client.query(`set local work_mem = '64kB'`);
        return client.query<{ 'QUERY PLAN': [{ Plan: { 'Temp Written Blocks': number } }] }>(
          `explain (analyze, buffers, format json) select * from pgtide.slice_query(${batch}, 0, 10, ${LARGEST}, '[]', false, false)`,
        );
      });
      expect(row?.['QUERY PLAN'][0].Plan['Temp Written Blocks']).toBe(0);
    }));
});
