/**
 * A batch of any size is read in slices whose cost does not depend on what is left of it. Where its ids begin and end is an estimate,
 * but no event depends on that: the slices hold each event once, in the order of their ids, wherever the ids are.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, ownServer, postgres, type TestDatabase } from '../support/database.ts';
import { holds } from '../support/property.ts';
import { consume, makeQueue, nextBatch, tick, tickNow } from '../support/queue.ts';

/** Ids that one call looks at, if the slice may hold fewer events. */
const WINDOW = 10_000;

interface Slice {
  query: string;
  last: bigint | null;
}

const sliceAfter = async (client: Client, batch: bigint, after: bigint, events: number, bytes: number) =>
  (await client.first<Slice>(
    `select query, last_ev_id as last from pgtide.slice_query($1, $2, $3, $4, '[]', false, false)`,
    [batch, after, events, bytes],
  )) as Slice;

async function eventTable(client: Client, queue: string): Promise<string> {
  const row = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [queue]);
  return row?.name ?? '';
}

/** A batch of the events that the script writes into $table, a new queue's event table. $sequence begins with `firstId`. */
async function openBatch(client: Client, script: string, firstId = 1): Promise<bigint> {
  const queue = await makeQueue(client);
  const table = await eventTable(client, queue);
  const sequence = table.replace(/_\d+$/, '_id_seq');
  await client.query(`select setval($1, $2)`, [sequence, firstId]);
  // The estimate is that of the tick before the batch's first one.
  for (const _ of [1, 2]) await tickNow(client, queue);
  await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
  await client.script(script.replaceAll('$table', table).replaceAll('$sequence', sequence));
  await tickNow(client, queue);
  const batch = await nextBatch(client, queue, 'reader');
  if (batch === null) throw new Error('no batch');
  return batch;
}

/** Reads the batch slice by slice. */
async function readInSlices(client: Client, batch: bigint, events: number, bytes: number) {
  const slices: bigint[][] = [];
  for (let after = 0n; ; ) {
    const { query, last } = await sliceAfter(client, batch, after, events, bytes);
    const rows = await client.query<{ id: bigint }>(`select ev_id as id from (${query}) q order by 1`);
    slices.push(rows.map(({ id }) => id));
    if (last === null) return slices;
    expect(last).toBeGreaterThan(after);
    after = last;
  }
}

const idsOf = async (client: Client, batch: bigint): Promise<bigint[]> => {
  const rows = await client.query<{ id: bigint }>('select ev_id as id from pgq.get_batch_events($1)', [
    batch,
  ]);
  return rows.map(({ id }) => id);
};

/** Number of rows of event tables that the session has fetched. */
const fetched = async (client: Client): Promise<number> => {
  const row = await client.first<{ rows: bigint }>(
    `select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint as rows from pg_stat_xact_all_tables
      where schemaname = 'pgq' and relname ~ '^event_[0-9]'`,
  );
  return Number(row?.rows);
};

/** Number of rows that finding and reading a slice fetches. */
const fetchedBy = (client: Client, batch: bigint, after: bigint, events: number): Promise<number> =>
  client.transaction({ readOnly: true }, async () => {
    // The counters of parallel workers are not those of the session.
    await client.query('set local max_parallel_workers_per_gather = 0');
    const before = await fetched(client);
    const { query } = await sliceAfter(client, batch, after, events, 1_000_000_000);
    await client.query(`select count(*) from (${query}) q`);
    return (await fetched(client)) - before;
  });

describe.each([10, 13, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });

  const COUNT = 100_000;
  const TRANSACTIONS = 2_000;
  it.each<[string, script: string]>([
    [
      'of one transaction',
      `insert into $table (ev_time, ev_type) select now(), 'a' from generate_series(1, ${COUNT})`,
    ],
    [
      'of many transactions',
      // Each subtransaction uses up an id.
      `create temp table burnt (i int);
       do $$ begin
           perform txid_current();
           for i in 1 .. ${TRANSACTIONS} loop
               begin insert into burnt values (i); exception when division_by_zero then null; end;
           end loop;
           insert into $table (ev_time, ev_type, ev_txid)
           select now(), 'a', txid_current() + 1 + i / ${COUNT / TRANSACTIONS} from generate_series(0, ${COUNT - 1}) i;
       end $$;
       drop table burnt`,
    ],
  ])('a slice reads no more rows wherever it is in a large batch %s', (_, script) =>
    db.client(async (client) => {
      const batch = await openBatch(client, script);
      const ids = await idsOf(client, batch);
      expect(ids).toHaveLength(COUNT);
      for (const analyzed of [false, true]) {
        if (analyzed) await db.superuser((superuser) => superuser.query('analyze'));
        for (const place of [0, 0.1, 0.5, 0.85, 0.95])
          for (const events of [1, 100, WINDOW]) {
            const after = place === 0 ? 0n : (ids[COUNT * place - 1] as bigint);
            // They are read three times at most, and the index has ids without their last 12 bits.
            const most = 3 * (WINDOW + 2 * 4096);
            const rows = await fetchedBy(client, batch, after, events);
            expect(rows, `${events} events after ${place}, analyzed: ${analyzed}`).toBeLessThan(most);
          }
      }
    }),
  );

  it('what is left is one slice if it is within the limits, whatever its ids', () =>
    db.client(async (client) => {
      const batch = await openBatch(
        client,
        `insert into $table (ev_time, ev_type) values (now(), 'a'), (now(), 'b');
         select setval('$sequence', 1000000);
         insert into $table (ev_time, ev_type) values (now(), 'c')`,
      );
      expect(await readInSlices(client, batch, 3, 1_000_000)).toHaveLength(1);
      expect((await readInSlices(client, batch, 2, 1_000_000)).map((ids) => ids.length)).toEqual([2, 1]);
    }));

  it('a slice of a load that was running when the batch began reads no more rows, if nothing else runs', async () => {
    const database = await createDatabase(await ownServer({ version }), { owner: 'app' });
    await database.client(async (client) => {
      await install(client);
      const queue = await makeQueue(client);
      await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
      const insert = `insert into ${await eventTable(client, queue)} (ev_time, ev_type) select now(), 'a' from generate_series(1, ${COUNT})`;
      await using load = await database.open();
      await load.client.query('begin');
      await load.client.query(insert);
      expect(await tick(client, queue)).not.toBeNull();
      await load.client.query('commit');
      await tickNow(client, queue);
      expect(await consume(client, queue, 'reader')).toEqual([]);
      const batch = await nextBatch(client, queue, 'reader');
      if (batch === null) throw new Error('no batch');
      expect(await fetchedBy(client, batch, 0n, 100)).toBeLessThan(3 * (WINDOW + 2 * 4096));
    });
  });

  it('ids may come near to the largest bigint', () =>
    db.client(async (client) => {
      const batch = await openBatch(
        client,
        `select setval('$sequence', ${2n ** 63n - 30_000n});
         insert into $table (ev_time, ev_type) select now(), 'a' from generate_series(1, 25000)`,
      );
      const slices = await readInSlices(client, batch, 20_000, 1_000_000);
      expect(slices.map((ids) => ids.length)).toEqual([expect.any(Number), expect.any(Number)]);
      expect(slices.flat()).toHaveLength(25_000);
    }));

  it('a transaction that began before ticks that are gone is read from the oldest tick on', () =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      const table = (
        await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [queue])
      )?.name;
      await client.query(`select setval(queue_event_seq, 1000000000) from pgq.queue where queue_name = $1`, [
        queue,
      ]);
      await using old = await db.open();
      await old.client.query('begin');
      await old.client.query(
        `insert into ${table} (ev_time, ev_type) select now(), 'a' from generate_series(1, 30)`,
      );
      await tickNow(client, queue);
      await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
      await client.query(
        'delete from pgq.tick t using pgq.queue q where t.tick_queue = q.queue_id and q.queue_name = $1 and t.tick_event_seq < 1000',
        [queue],
      );
      await old.client.query('commit');
      await client.query(
        `insert into ${table} (ev_time, ev_type) select now(), 'a' from generate_series(1, 30)`,
      );
      await tickNow(client, queue);
      const batch = await nextBatch(client, queue, 'reader');
      if (batch === null) throw new Error('no batch');
      const slices = await readInSlices(client, batch, 10, 1_000_000);
      expect(slices.map((ids) => ids.length)).toEqual([10, 10, 10, 10, 10, 10]);
    }));

  // Ids that are far apart, or not between those of the ticks.
  const groups = fc.array(
    fc.record({
      gap: fc.oneof(fc.nat(3), fc.nat(3 * WINDOW), fc.nat(50 * WINDOW)),
      count: fc.integer({ min: 1, max: 30 }),
      size: fc.nat(40),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const batches = fc.record({
    groups,
    start: fc.oneof(fc.nat(10), fc.nat(40 * WINDOW)),
    before: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 * WINDOW })),
    after: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 * WINDOW })),
    events: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 * WINDOW })),
    bytes: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constant(1_000_000)),
  });

  it('slices hold each event of the batch once and in order, whatever its ids', {
    timeout: 3_600_000,
  }, async () => {
    const holdsFor = (it: typeof batches extends fc.Arbitrary<infer T> ? T : never) =>
      db.client(async (client) => {
        let next = it.start;
        const inserts = it.groups.map(({ gap, count, size }) => {
          const first = next + gap + 1;
          next = first + count - 1;
          return `insert into $table (ev_id, ev_time, ev_type, ev_data)
                  select i, now(), 'a', repeat('x', ${size}) from generate_series(${first}, ${next}) i;`;
        });
        const setval = it.after === 0 ? '' : `select setval('$sequence', ${it.after});`;
        const batch = await openBatch(client, `${inserts.join('')} ${setval}`, it.before);
        const slices = await readInSlices(client, batch, it.events, it.bytes);
        expect(slices.flat()).toEqual(await idsOf(client, batch));
        for (const { length } of slices) expect(length).toBeLessThanOrEqual(it.events);
        // Only the last one may be empty: it ends the batch.
        for (const { length } of slices.slice(0, -1)) expect(length).toBeGreaterThan(0);
        const all = it.groups.reduce(
          (sum, { count, size }) => ({ n: sum.n + count, bytes: sum.bytes + count * size }),
          { n: 0, bytes: 0 },
        );
        if (all.n <= it.events && all.bytes <= it.bytes) expect(slices).toHaveLength(1);
      });
    await holds(fc.asyncProperty(batches, holdsFor), 12);
  });
});
