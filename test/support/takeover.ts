/** A takeover step by step: calls on a root that steps down, and a look at processes that wait. */
import type { Client } from '../../lib/db/client.ts';
import type { TestDatabase } from './database.ts';
import { ask, demand, makeRoot } from './node.ts';
import type { QueueWork } from './queue.ts';
import { until } from './until.ts';

interface Queue {
  queue_disable_insert: boolean;
  queue_external_ticker: boolean;
  queue_data_pfx: string;
}

/** Makes the database the root of a new queue with a second node, "next", that can take over; and works with it. */
export const atReplaceableRoot = (db: TestDatabase, work: QueueWork) =>
  db.client(async (client) => {
    const queue = await makeRoot(client);
    await demand(client, 'pgq_node.register_location', queue, 'next', 'node:next', false);
    await work(client, queue);
  });

export const demote = (
  client: Client,
  queue: string,
  step: number | null,
  provider: string | null = 'next',
) => ask(client, 'pgq_node.demote_root', queue, step, provider);

export async function stateOfQueue(client: Client, queue: string): Promise<Queue> {
  const row = await client.first<Queue>('select * from pgq.queue where queue_name = $1', [queue]);
  if (!row) throw new Error(`no queue ${queue}`);
  return row;
}

export const insert = (client: Client, queue: string, data = 'd') =>
  client.first<{ id: bigint }>(`select pgq.insert_event($1, 't', $2) as id`, [queue, data]);

export const pidOf = async (client: Client) =>
  (await client.first<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;

/** Returns once the process waits: for a lock, or between two looks. */
export const waitsIn = (db: TestDatabase, pid: number | undefined) =>
  db.superuser((superuser) =>
    until(`process ${pid} waits`, () =>
      superuser.first(
        `select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type in ('Lock', 'Timeout')`,
        [pid],
      ),
    ),
  );
