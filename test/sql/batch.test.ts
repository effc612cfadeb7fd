/**
 * The content of a batch: the events of exactly those transactions that committed between its two ticks, whatever their
 * ids, however long they ran, and whatever rotation did meanwhile. The oracle does not use snapshots: the commands of a
 * schedule are sent one after the other, so it knows what had committed when each tick was made.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { hasState } from '../../lib/db/sqlstate.ts';
import { createDatabase, type OpenClient, postgres, type TestDatabase } from '../support/database.ts';
import { holds } from '../support/property.ts';
import { eventsOf, finishBatch, insertEvent, makeQueue, nextBatch, tickNow } from '../support/queue.ts';

const WRITERS = 5;
const SERIALIZATION_FAILURE = '40001';

type Command =
  | { do: 'begin'; writer: number; isolation: 'read committed' | 'repeatable read' }
  | { do: 'insert' | 'commit' | 'rollback'; writer: number }
  | { do: 'tick' | 'consume' | 'burn' | 'rotate' | 'settle' | 'restart' };

const writer = fc.nat({ max: WRITERS - 1 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('begin'),
      writer,
      isolation: fc.constantFrom('read committed', 'repeatable read'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('insert'), writer }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit'), writer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rollback'), writer }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('consume') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burn') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rotate') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
) as fc.Arbitrary<Command>;

/** One run of a schedule on a separate queue. */
class Schedule {
  readonly #control: Client;
  readonly #writers: Client[];
  readonly #queue: string;
  /** The events of each writer's open transaction; null if none is open. */
  readonly #open: (string[] | null)[];
  #count = 0;
  /** The events that were committed since the last tick. */
  #fresh: string[] = [];
  /** The events of each batch that is not yet consumed. */
  readonly #expected: string[][] = [];

  constructor(control: Client, writers: Client[], queue: string) {
    this.#control = control;
    this.#writers = writers;
    this.#queue = queue;
    this.#open = writers.map(() => null);
  }

  async run(commands: readonly Command[]): Promise<void> {
    for (const one of commands) await this.#step(one);
    for (let i = 0; i < WRITERS; i++) await this.#step({ do: 'commit', writer: i });
    await this.#step({ do: 'tick' });
    while (this.#expected.length > 0) await this.#step({ do: 'consume' });
    expect(await nextBatch(this.#control, this.#queue, 'reader')).toBeNull();
  }

  /** Ends whatever a failed run left open. */
  async abandon(): Promise<void> {
    for (const client of this.#writers) await client.query('rollback');
  }

  async #step(one: Command): Promise<void> {
    switch (one.do) {
      case 'begin':
        if (this.#open[one.writer] === null) {
          // This statement takes the snapshot; the transaction gets its id with its first insert.
          await this.#write(one.writer, `begin isolation level ${one.isolation}; select 1`);
          this.#open[one.writer] = [];
        }
        return;
      case 'insert':
        return this.#insert(one.writer);
      case 'commit':
        if (this.#open[one.writer] !== null) {
          await this.#write(one.writer, 'commit');
          this.#fresh.push(...(this.#open[one.writer] ?? []));
          this.#open[one.writer] = null;
        }
        return;
      case 'rollback':
        if (this.#open[one.writer] !== null) {
          await this.#write(one.writer, 'rollback');
          this.#open[one.writer] = null;
        }
        return;
      case 'tick':
        await tickNow(this.#control, this.#queue);
        this.#expected.push(this.#fresh.splice(0));
        return;
      case 'consume':
        return this.#consume();
      case 'burn':
        // More ids than those by which a range scan is widened.
        await this.#control.query(`do $$ begin for i in 1..120 loop
          begin insert into burnt values (i); exception when division_by_zero then null; end; end loop; end $$`);
        return;
      case 'rotate':
        // A writer in REPEATABLE READ may hold the row.
        await this.#control.query(
          `update pgq.queue set queue_switch_time = now() - interval '1 day'
            where queue_id in (select queue_id from pgq.queue where queue_name = $1 for no key update skip locked)`,
          [this.#queue],
        );
        await this.#control.query('select pgq.maint_rotate_tables_step1($1)', [this.#queue]);
        return;
      case 'settle':
        await this.#control.query('select pgq.maint_rotate_tables_step2()');
        return;
      case 'restart':
        // A run was cut off, and opens its open batch again.
        await nextBatch(this.#control, this.#queue, 'reader');
        return;
    }
  }

  async #write(index: number, statement: string): Promise<void> {
    await this.#writers[index]?.query(statement);
  }

  async #insert(index: number): Promise<void> {
    const client = this.#writers[index];
    if (!client) return;
    const data = String(this.#count++);
    try {
      await insertEvent(client, this.#queue, data);
    } catch (error) {
      if (!hasState(error, SERIALIZATION_FAILURE)) throw error;
      await client.query('rollback');
      this.#open[index] = null;
      return;
    }
    (this.#open[index] ?? this.#fresh).push(data);
  }

  async #consume(): Promise<void> {
    const batch = await nextBatch(this.#control, this.#queue, 'reader');
    if (batch === null) {
      expect(this.#expected).toEqual([]);
      return;
    }
    const events = await eventsOf(this.#control, batch);
    const ids = events.map((event) => event.ev_id);
    expect(ids).toEqual([...ids].sort((a, b) => Number(a - b)));
    expect(events.map((event) => event.ev_data).sort()).toEqual(this.#expected.shift()?.sort());
    await finishBatch(this.#control, batch);
  }
}

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
    await db.client((client) => client.query('create table burnt (n int)'));
  });

  test('A batch holds what committed between its ticks, in any schedule', async () => {
    const opened: OpenClient[] = [];
    for (let i = 0; i <= WRITERS; i++) opened.push(await db.open());
    const [control, ...writers] = opened.map(({ client }) => client);
    if (!control) throw new Error('no connection');
    try {
      await holds(
        fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 80 }), async (commands) => {
          const queue = await makeQueue(control);
          await control.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
          const schedule = new Schedule(control, writers, queue);
          try {
            await schedule.run(commands);
          } finally {
            await schedule.abandon();
            await control.query('select pgq.drop_queue($1, true)', [queue]);
          }
        }),
        40,
      );
    } finally {
      for (const one of opened) await one.close();
    }
  });

  test('A transaction that ran for long costs a batch one id, and not the time that it ran', () =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      const burn = () =>
        client.query(`do $$ begin for i in 1..150 loop
          begin insert into burnt values (i); exception when division_by_zero then null; end; end loop; end $$`);
      await using long = await db.open();
      await long.client.query('begin');
      await insertEvent(long.client, queue, 'long');
      const running = await long.client.first<{ id: bigint }>('select txid_current() as id');
      await burn();
      await tickNow(client, queue);
      const idle = await nextBatch(client, queue, 'reader');
      await finishBatch(client, idle ?? 0n);
      await insertEvent(client, queue, 'short');
      await long.client.query('commit');
      await tickNow(client, queue);
      const batch = await nextBatch(client, queue, 'reader');
      const sql = await client.first<{ text: string }>('select pgq.batch_event_sql($1) as text', [batch]);
      // Transactions of the server's other databases may be in the list, too.
      expect(sql?.text.match(/ev_txid in \(([\d, ]+)\)/)?.[1]?.split(/, ?/)).toContain(String(running?.id));
      expect(sql?.text.match(/ev_txid >= (\d+)/)?.[1]).not.toBe(String(running?.id));
      expect((await eventsOf(client, batch ?? 0n)).map((event) => event.ev_data)).toEqual(['long', 'short']);
    }));

  test('Reading a batch uses the index, however large the queue is', () =>
    db.client(async (client) => {
      const queue = await makeQueue(client);
      const table = await client.first<{ name: string }>('select pgq.current_event_table($1) as name', [
        queue,
      ]);
      for (let i = 0; i < 40; i++) {
        await client.query(
          `insert into ${table?.name} (ev_time, ev_type, ev_data) select now(), 't', repeat('x', 100) from generate_series(1, 1000)`,
        );
      }
      await tickNow(client, queue);
      await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
      await insertEvent(client, queue);
      await tickNow(client, queue);
      const batch = await nextBatch(client, queue, 'reader');
      const sql = await client.first<{ text: string }>('select pgq.batch_event_sql($1) as text', [batch]);
      const plan = await client.query<Record<string, string>>(`explain ${sql?.text}`);
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toContain('Index');
      expect(text).not.toContain(`Seq Scan on ${table?.name.split('.')[1]}`);
    }));
});
