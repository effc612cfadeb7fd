/**
 * A closed queue and the roles that might want access: the database of an owner who runs the root of the queue `shop`,
 * beside the open queue `mail`, and logins with the roles of the cluster (reader, writer, admin, londiste), without any
 * (consumer, manager, stranger), and in a group (producer, of producers).
 */
import { expect } from 'vitest';
import { type Client, withClient } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, createRole, ownServer, type ServerAddress, type TestDatabase } from './database.ts';
import { demand } from './node.ts';
import { stateOf } from './queue.ts';
import { batch } from './queue-attacks.ts';

/** PostgreSQL's own refusal, and ours, which names a remedy. */
const REFUSED = ['42501', 'TD009'];

/** The stored state of a queue and its node, to check whether anything has changed. */
const STATE = `
  select 'queue', q::text from pgq.queue q union all select 'consumer', c.co_name from pgq.consumer c
  union all select 'subscription', s::text from pgq.subscription s union all select 'retry', r::text from pgq.retry_queue r
  union all select 'letter', d::text from pgtide.dead_letter d union all select 'tick', t::text from pgq.tick t
  union all select 'node', n::text from pgq_node.node_info n union all select 'place', l::text from pgq_node.node_location l
  union all select 'state', s::text from pgq_node.local_state s union all select 'subscriber', s::text from pgq_node.subscriber_info s
  union all select 'table', t::text from londiste.table_info t union all select 'key', p::text from londiste.pending_fkeys p
  union all select 'event', e::text from pgq.event_template e
  union all select 'sequence', last_value::text from pgq.event_1_id_seq
  union all select 'ticks', last_value::text from pgq.event_1_tick_seq
  union all select 'batches', last_value::text from pgq.batch_id_seq order by 1, 2`;

const roles = ['reader', 'writer', 'admin', 'londiste', 'producer', 'consumer', 'manager', 'stranger'];

export class ClosedShop {
  readonly #server: ServerAddress;
  db: TestDatabase;

  private constructor(server: ServerAddress, db: TestDatabase) {
    this.#server = server;
    this.db = db;
  }

  /** Uses a separate server. */
  static async open(version: number): Promise<ClosedShop> {
    const server = await ownServer({ version });
    for (const role of roles) await createRole(server, role);
    await createRole(server, 'owner');
    const setup = await createDatabase(server, { owner: 'owner' });
    await setup.superuser((client) =>
      client.query(`create role pgq_reader; create role pgq_writer; create role pgq_admin; create role londiste_reader;
        create role londiste_writer; create role producers; grant producers to producer;
        grant pgq_reader, pgq_writer to pgq_admin; grant pgq_admin to londiste_writer;
        grant pgq_reader to reader; grant pgq_writer to writer; grant pgq_admin to admin; grant londiste_writer to londiste`),
    );
    return new ClosedShop(server, await newDatabase(server));
  }

  /** Replaces this database by another one in the initial state. */
  async renew(): Promise<void> {
    this.db = await newDatabase(this.#server);
  }

  as<T>(role: string, work: (client: Client) => Promise<T>): Promise<T> {
    return withClient(this.db.targetAs(role), 'test', work);
  }

  /** The stored state of the queues and the node. */
  state(): Promise<unknown[]> {
    return this.db.client((client) => client.query(STATE));
  }

  /** Fails unless every statement is refused, or changes and shows nothing. */
  async lose(role: string, statements: readonly string[], before = ''): Promise<void> {
    const untouched = await this.state();
    const won: string[] = [];
    await this.as(role, async (client) => {
      if (before) await client.query(before);
      for (const statement of statements) {
        const [code = '', message = ''] = (await stateOf(client.query(statement))) ?? [];
        if (!REFUSED.includes(code)) won.push(`${role}: ${statement}: ${code} ${message}`);
      }
    });
    expect(won).toEqual([]);
    expect(await this.state()).toEqual(untouched);
  }
}

async function newDatabase(server: ServerAddress): Promise<TestDatabase> {
  const db = await createDatabase(server, { owner: 'owner' });
  await db.client(async (client) => {
    await install(client);
    await makeShop(client);
  });
  await db.superuser((client) =>
    client.query(`create schema traps; grant all on schema traps to public; create sequence public.planted_seq; create table public.planted ();
      create function public.attack() returns text language sql as $$ select 'attacked'::text $$`),
  );
  return db;
}

/** A root with a leaf, an open batch of each kind, and a queue beside it that is open. */
async function makeShop(client: Client): Promise<void> {
  await client.query(`create table orders (id serial primary key, note text)`);
  await demand(client, 'pgq_node.register_location', 'shop', 'root', 'r', false);
  await demand(client, 'pgq_node.register_location', 'shop', 'leaf', 'l', false);
  await demand(client, 'pgq_node.register_location', 'shop', 'other', 'o', false);
  await demand(client, 'pgq_node.create_node', 'shop', 'root', 'root', 'shop.root', null, null, null);
  await demand(client, 'pgq_node.register_subscriber', 'shop', 'leaf', 'leaf', null);
  await demand(client, 'pgq_node.register_consumer', 'shop', 'c', 'root', 1);
  await demand(client, 'londiste.local_add_table', 'shop', 'public.orders');
  await client.query(`select pgq_coop.register_subconsumer('shop', 'team', 'a'); select pgq.create_queue('mail');
    insert into orders (note) values ('secret'); select pgq.register_consumer('mail', 'sender')`);
  await client.query(`select pgq.insert_event('mail', 'sign-up', 'letter')`);
  for (const queue of ['shop', 'mail']) {
    await client.query('select pgq.force_tick($1)', [queue]);
    await client.query('select pgq.ticker($1)', [queue]);
  }
  await client.query(`select pgq.next_batch('shop', 'leaf'); select pgq_coop.next_batch('shop', 'team', 'a');
    select pgq.next_batch('mail', 'sender')`);
  await client.query(`select pgq.batch_retry(${batch}, 3600); select pgq.finish_batch(${batch})`);
  await client.query(`select pgq.insert_event('shop', 'x', 'y'); select pgq.force_tick('shop')`);
  await client.query(`select pgq.ticker('shop')`);
  await client.query(`select pgq.next_batch('shop', 'leaf')`);
}
