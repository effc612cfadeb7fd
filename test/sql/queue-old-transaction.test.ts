/**
 * A transaction that stays open keeps every version of a consumer's row, which each batch updates twice. Nevertheless a
 * batch reads as much as before. The cost is counted in blocks, which do not depend on the machine's load.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { insertEvent, makeQueue } from '../support/queue.ts';
import { withOthers } from '../support/versions.ts';

/** Batches before the second measurement; each creates two versions of a row. */
const BATCHES = 1_000;
const AT_ONCE = 100;
const LOOKS = 10;
/**
 * On a busy machine an autovacuum worker may process the tables for some time, and then each measurement reads the catalog
 * again.
 */
const PATIENCE_MS = 60_000;
/**
 * Allows another level of each of the few indexes that are read, and new or split pages. Reading dead versions would cost
 * thousands.
 */
const SLACK = 40;

interface Plan {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

/** Runs the statement. Returns the number of blocks that it read, including those of the functions that it calls. */
async function blocks(client: Client, statement: string): Promise<number> {
  const row = await client.first<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, buffers, format json) ${statement}`,
  );
  const plan = row?.['QUERY PLAN'][0].Plan;
  if (!plan) throw new Error('no plan');
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

/** Blocks by step. */
type Costs = Map<string, number>;

interface Way {
  open: (queue: string) => string;
  finish: string;
}

const ways: Record<string, Way> = {
  'by next_batch': { open: (queue) => `pgq.next_batch('${queue}', 'reader')`, finish: 'pgq.finish_batch' },
  'by next_batch_custom': {
    open: (queue) => `(pgq.next_batch_custom('${queue}', 'reader', null, 1, '1 second')).batch_id`,
    finish: 'pgq.finish_batch',
  },
  'of replication': {
    open: (queue) => `(pgtide.next_batch('${queue}', 'reader', 10)).batch_id`,
    finish: 'pgq.finish_batch',
  },
  'of a cooperative consumer': {
    open: (queue) => `pgq_coop.next_batch('${queue}', 'reader', 'one', '1 hour')`,
    finish: 'pgq_coop.finish_batch',
  },
};

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase(await postgres(version), { installed: true });
  });

  /**
   * The blocks that each step of a batch reads: the least of several measurements, since a session's first call, or one
   * after ANALYZE, reads the catalog. The measurements are spread, so that autovacuum, which analyzes one table after the
   * other, does not meet all of them. If they are not `enough`, there are more.
   */
  async function least(
    client: Client,
    { queue, way, enough = () => true }: { queue: string; way: Way; enough?: (found: Costs) => boolean },
  ): Promise<Costs> {
    const deadline = Date.now() + PATIENCE_MS;
    const found = await costs(client, queue, way);
    for (let i = 1; i < LOOKS || (!enough(found) && Date.now() < deadline); i++) {
      await client.query('select pg_sleep(0.02)');
      for (const [step, cost] of await costs(client, queue, way))
        found.set(step, Math.min(cost, found.get(step) ?? cost));
    }
    return found;
  }

  async function costs(client: Client, queue: string, way: Way): Promise<Costs> {
    const found = new Map<string, number>();
    const note = async (name: string, statement: string) => found.set(name, await blocks(client, statement));
    await insertEvent(client, queue);
    await client.query('select pgq.force_tick($1)', [queue]);
    await note('tick', `select pgq.ticker('${queue}')`);
    await note('open', `select ${way.open(queue)}`);
    const batch = await client.first<{ id: bigint }>(`select ${way.open(queue)} as id`);
    await note('info', `select * from pgq.get_batch_info(${batch?.id})`);
    await note('read', `select * from pgq.get_batch_events(${batch?.id})`);
    await note('retry', `select pgq.batch_retry(${batch?.id}, 1000)`);
    await note('finish', `select ${way.finish}(${batch?.id})`);
    return found;
  }

  test.each(Object.keys(ways))(
    'A batch %s reads as much after a thousand others under one old transaction',
    (name) =>
      db.client(async (client) => {
        const way = ways[name];
        if (!way) throw new Error(name);
        const queue = await makeQueue(client);
        await client.query(`select pgq.register_consumer($1, 'reader')`, [queue]);
        await using old = await db.open();
        await old.client.query('begin; select txid_current()');
        const many = `begin; select pgq.force_tick('${queue}'), pgq.ticker('${queue}'); commit;
        begin; select ${way.open(queue)}; commit; select ${way.finish}(${way.open(queue)});`.repeat(AT_ONCE);

        await client.query(many);
        const first = await least(client, { queue, way });
        const bound = (step: string) => (first.get(step) ?? 0) + SLACK;
        for (let i = 0; i < BATCHES; i += AT_ONCE) await client.query(many);
        const enough = (found: Costs) => [...found].every(([step, cost]) => cost <= bound(step));
        const last = await least(client, { queue, way, enough });
        for (const [step, cost] of last) {
          expect.soft(cost, step).toBeLessThanOrEqual(bound(step));
        }
        await old.client.query('rollback');
      }),
  );
});
