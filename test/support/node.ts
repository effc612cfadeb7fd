/** Nodes of a queue in one database, set up over SQL as any client of pgq_node would. */
import { randomBytes } from 'node:crypto';
import type { Client } from '../../lib/db/client.ts';
import type { TestDatabase } from './database.ts';
import type { QueueWork } from './queue.ts';

export interface Answer {
  ret_code: number;
  ret_note: string;
  [column: string]: unknown;
}

/** Calls a function that answers with one row. */
export async function ask(client: Client, name: string, ...args: unknown[]): Promise<Answer> {
  const places = args.map((_, i) => `$${i + 1}`).join(', ');
  const row = await client.first<Answer>(`select * from ${name}(${places})`, args);
  if (!row) throw new Error(`${name} returned no row`);
  return row;
}

/** The same; the answer must be a success. */
export async function demand(client: Client, name: string, ...args: unknown[]): Promise<Answer> {
  const answer = await ask(client, name, ...args);
  if (answer.ret_code >= 300) throw new Error(`${name}: ${answer.ret_code} ${answer.ret_note}`);
  return answer;
}

/** Makes the database the root of a new queue with these consumers, and returns the queue's name. The root's name is "root". */
export async function makeRoot(client: Client, ...consumers: string[]): Promise<string> {
  const queue = `root_${randomBytes(4).toString('hex')}`;
  await demand(client, 'pgq_node.register_location', queue, 'root', 'node:root', false);
  await demand(client, 'pgq_node.create_node', queue, 'root', 'root', `${queue}.root`, null, null, null);
  for (const consumer of consumers)
    await client.query('select pgq.register_consumer($1, $2)', [queue, consumer]);
  return queue;
}

/** Makes the database a leaf or branch of a new queue, whose root is elsewhere. Its position is tick 100. */
export async function makeFollower(client: Client, type: 'leaf' | 'branch'): Promise<string> {
  const queue = `${type}_${randomBytes(4).toString('hex')}`;
  await demand(client, 'pgq_node.register_location', queue, 'root', 'node:root', false);
  await demand(client, 'pgq_node.register_location', queue, type, `node:${type}`, false);
  await demand(client, 'pgq_node.create_node', queue, type, type, `${queue}.${type}`, 'root', 100, null);
  return queue;
}

/** Makes the database the root of a new queue, as `makeRoot` does, and works with it. */
export const atNewRoot = (db: TestDatabase, work: QueueWork, ...consumers: string[]) =>
  db.client(async (client) => work(client, await makeRoot(client, ...consumers)));

/** Makes the database a leaf of a new queue, as `makeFollower` does, and works with it. */
export const atNewLeaf = (db: TestDatabase, work: QueueWork) =>
  db.client(async (client) => work(client, await makeFollower(client, 'leaf')));
