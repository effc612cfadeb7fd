/** C1: a root that steps down waits for each transaction that may still insert events, so that its last tick comes after them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { type QueueWork, stateOf } from '../support/queue.ts';
import { atReplaceableRoot, demote, insert, pidOf, stateOfQueue, waitsIn } from '../support/takeover.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 17]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });
  const atRoot = (work: QueueWork) => atReplaceableRoot(db, work);
  const waits = (pid: number | undefined) => waitsIn(db, pid);

  describe('A root that steps down', () => {
    test('waits for transactions that have inserted events, and makes its last tick after these events', () =>
      atRoot(async (client, queue) => {
        await client.query('select pgq.register_consumer($1, $2)', [queue, 'reader']);
        await using writer = await db.open();
        await writer.client.query('begin');
        await insert(writer.client, queue, 'open');
        await demote(client, queue, 1);
        const pid = await pidOf(client);
        const last = demote(client, queue, 2);
        await waits(pid);
        await writer.client.query('commit');
        const { last_tick } = await last;
        const batch = await client.first<{ id: bigint; cur_tick_id: bigint }>(
          'select batch_id as id, cur_tick_id from pgq.next_batch_info($1, $2)',
          [queue, 'reader'],
        );
        expect(batch?.cur_tick_id).toBe(last_tick);
        expect(
          await client.query(`select ev_data from pgq.get_batch_events($1) where ev_type = 't'`, [batch?.id]),
        ).toEqual([{ ev_data: 'open' }]);
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
      }));

    test('waits for transactions that have seen inserts enabled and insert events later', () =>
      atRoot(async (client, queue) => {
        const { queue_data_pfx } = await stateOfQueue(client, queue);
        await using copier = await db.open();
        await copier.client.query('begin');
        const found = await copier.client.first<{ name: string }>(
          'select pgq.current_event_table($1) as name',
          [queue],
        );
        // The rollback releases the locks that the insert has taken.
        await copier.client.query(
          `savepoint one; insert into ${found?.name} (ev_id, ev_time) values (0, now()); rollback to one`,
        );
        await using blocker = await db.open();
        await blocker.client.query(`begin; alter sequence ${queue_data_pfx}_id_seq cache 1`);
        await using inserter = await db.open();
        const [pid, inserterPid] = await Promise.all([pidOf(client), pidOf(inserter.client)]);
        const inserted = insert(inserter.client, queue);
        await waits(inserterPid);

        await demote(client, queue, 1);
        const second = demote(client, queue, 2);
        await waits(pid);
        await blocker.client.query('commit');
        await inserted;
        await copier.client.query(
          `insert into ${found?.name} (ev_id, ev_time, ev_type) values (0, now(), 't')`,
        );
        await copier.client.query('commit');
        const { last_tick } = await second;
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
        expect(
          await client.query(
            `select from ${queue_data_pfx} e, pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
              where q.queue_name = $1 and t.tick_id = $2 and e.ev_type = 't' and txid_visible_in_snapshot(e.ev_txid, t.tick_snapshot)`,
            [queue, last_tick],
          ),
        ).toHaveLength(2);
      }));

    test('waits for a captured write that has seen inserts enabled, and no other write waits', () =>
      atRoot(async (client, queue) => {
        const { queue_data_pfx } = await stateOfQueue(client, queue);
        const table = `t_${queue}`;
        await client.query(`create table ${table} (id int primary key)`);
        await client.query(`select pgtide.create_capture($1, $2::regclass, 'public.' || $2)`, [queue, table]);
        await using writer = await db.open();
        await writer.client.query(`insert into ${table} values (1)`);
        await using other = await db.open();
        await other.client.query(`begin; insert into ${table} values (3); rollback`);
        await using blocker = await db.open();
        await blocker.client.query(`begin; alter sequence ${queue_data_pfx}_id_seq cache 1`);
        const [pid, writerPid] = await Promise.all([pidOf(client), pidOf(writer.client)]);
        const written = writer.client.query(`insert into ${table} values (2)`);
        await waits(writerPid);

        await demote(client, queue, 1);
        const second = demote(client, queue, 2);
        await waits(pid);
        // Others do not wait behind it.
        expect(await stateOf(other.client.query(`insert into ${table} values (3)`))).toEqual([
          'TD003',
          'Insert into queue disallowed',
        ]);
        await blocker.client.query('commit');
        await written;
        const { last_tick } = await second;
        expect(await demote(client, queue, 3)).toMatchObject({ ret_code: 200, last_tick });
        expect(
          await client.query(
            `select ev_data from pgtide.stored_events($1) e, pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
              where q.queue_name = $1 and t.tick_id = $2 and e.ev_type like '{%' and txid_visible_in_snapshot(e.ev_txid, t.tick_snapshot) order by ev_id`,
            [queue, last_tick],
          ),
        ).toEqual([{ ev_data: '{"id":1}' }, { ev_data: '{"id":2}' }]);
      }));

    test('has no last tick before the first step is committed', () =>
      atRoot(async (client, queue) => {
        await using first = await db.open();
        await first.client.query('begin');
        await demote(first.client, queue, 1);
        const pid = await pidOf(client);
        const second = stateOf(demote(client, queue, 2));
        await waits(pid);
        await first.client.query('commit');
        expect(await second).toEqual(['TD003', 'steps in wrong order']);
        expect(await demote(client, queue, 2)).toMatchObject({ ret_code: 200 });
      }));
  });
});
