/**
 * A closed queue belongs to its owner and to those whom the owner has granted a right on this queue. The roles pgq_reader,
 * pgq_writer, pgq_admin and londiste_writer, which belong to the whole cluster, have no way in; nor has code that they plant for
 * the owner to run. On open queues these roles do what PgQ lets them.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, withClient } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install.ts';
import { createDatabase, createRole, ownServer, type TestDatabase } from '../support/database.ts';
import { demand } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';
import { filesOfRelease, releases } from '../support/release.ts';
import { until } from '../support/until.ts';

/** PostgreSQL's own refusal, and ours with a remedy. */
const REFUSED = ['42501', 'TD009'];

/** What a queue and its node keep, for a look at whether anything has changed. */
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

const batchOf = (consumer: string) =>
  `(select s.sub_batch from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer where c.co_name = '${consumer}')`;
const batch = batchOf('leaf');
const member = batchOf('team.a');
const event = `(select t.tick_event_seq from pgq.tick t where t.tick_queue = 1 order by 1 desc limit 1)`;

const writing = [
  `select pgq.insert_event('shop', 'R', '', 'public.orders', null, null, null)`,
  `select pgq.insert_event('shop', 'londiste.remove-table', 'public.orders')`,
  `select pgq.insert_event_raw('shop', 1, now(), null, null, 'R', '', 'public.orders', null, null, null)`,
  `select pgq._insert_event('shop', null, null, null, null, 'R', '', 'public.orders', null, null, null)`,
  `select pgq._put_event(1, 'pgq.event_1_0', null, now(), txid_current(), null, null, 'R', '', 'x', null, null, null)`,
  `select pgq._put_event_by_name(1, 'pgq.event_1_0', null, now(), txid_current(), null, null, 'R', '', 'x', null, null, null)`,
  `insert into pgq.event_1_0 (ev_id, ev_time, ev_type) values (1, now(), 'R')`,
  `insert into pgq.event_1 (ev_id, ev_time, ev_type) values (1, now(), 'R')`,
  `insert into pgq.event_template (ev_id, ev_time, ev_type) values (1, now(), 'R')`,
  `delete from pgq.event_1_0`,
  `truncate pgq.event_1_0`,
  `truncate pgq.event_template`,
  `select nextval('pgq.event_1_id_seq')`,
  `select setval('pgq.event_1_id_seq', 1)`,
  `select nextval('pgq.event_1_tick_seq')`,
  `select pgq.seq_setval('pgq.event_1_id_seq', 1000000)`,
  `select pgq.event_retry_raw('shop', 'leaf', now(), null, now(), 0, 'R', '', 'public.orders', null, null, null)`,
  `insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_owner) values (now(), 1, 1, now(), 1)`,
  `select londiste.root_notify_change('shop', 'londiste.remove-table', 'public.orders')`,
  `select londiste.root_check_seqs('shop', 9000000000)`,
  `select pgq_node.register_location('shop', 'root', 'elsewhere', false)`,
  `select pgq_node.unregister_location('shop', 'leaf')`,
  `select londiste.local_add_table('shop', 'public.orders')`,
  `select londiste.local_remove_table('shop', 'public.orders')`,
  `select londiste.global_remove_table('shop', 'public.orders')`,
  `select londiste.global_add_table('shop', 'public.planted')`,
];
const reading = [
  `select * from pgq.get_batch_events(${batch})`,
  `select * from pgq.get_batch_cursor(${batch}, 'c', 10)`,
  `select * from pgq.event_1`,
  `select * from pgq.event_1_0`,
];
const moving = [
  `select pgq.next_batch('shop', 'leaf')`,
  `select * from pgq.next_batch_info('shop', 'leaf')`,
  `select * from pgq.next_batch_custom('shop', 'leaf', null, null, null)`,
  `select pgq.finish_batch(${batch})`,
  `select pgq.event_retry(${batch}, ${event}, 1)`,
  `select pgq.event_retry(${batch}, ${event}, now())`,
  `select pgq.batch_retry(${batch}, 1)`,
  `select pgq.register_consumer('shop', 'spy')`,
  `select pgq.register_consumer_at('shop', 'leaf', 1)`,
  `select pgq.unregister_consumer('shop', 'leaf')`,
  `select pgq.force_tick('shop')`,
  `select pgq_coop.register_subconsumer('shop', 'team', 'b')`,
  `select pgq_coop.next_batch('shop', 'team', 'a')`,
  `select pgq_coop.next_batch('shop', 'team', 'a', '1 hour')`,
  `select pgq_coop.next_batch_custom('shop', 'team', 'a', null, null, null)`,
  `select pgq_coop.next_batch_custom('shop', 'team', 'a', null, null, null, '1 second')`,
  `select pgq_coop.finish_batch(${member})`,
  `select pgq_coop.unregister_subconsumer('shop', 'team', 'a', 1)`,
  `select * from pgtide.next_batch('shop', 'leaf', 1000)`,
  `select pgtide.dead_letter_put(${batch}, ${event}, 'gone')`,
  `select pgq.event_1_consume('pgq.finish_batch', array[${batch}::text])`,
  `select pgq._consume_finish_batch(1, ${batch})`,
  `select pgq_coop._consume_finish_batch(1, ${batch})`,
  `select pgtide._consume_dead_letter_put(1, ${batch}, 1, 'gone')`,
  `select pgq._pass_gate(1, 'consume', 'pgq.finish_batch', array[${batch}::text])`,
  `select pgq_node.register_subscriber('shop', 'other', 'w', null)`,
  `select pgq_node.unregister_subscriber('shop', 'leaf')`,
  `select pgq_node.set_subscriber_watermark('shop', 'leaf', 2)`,
  `select pgq_node._consume_unregister_subscriber(1, 'leaf')`,
  `select pgq_node.set_global_watermark('shop', 2)`,
  `select pgq_node.set_consumer_completed('shop', 'shop.root', 1000)`,
  `select pgq_node.set_consumer_paused('shop', 'shop.root', true)`,
  `select pgq_node.set_consumer_error('shop', 'shop.root', 'broken')`,
  `select pgq_node.set_consumer_uptodate('shop', 'shop.root', false)`,
  `select pgq_node.change_consumer_provider('shop', 'shop.root', 'leaf')`,
  `select pgq_node.register_consumer('shop', 'shop.root', 'leaf', 1)`,
  `select pgq_node.unregister_consumer('shop', 'c')`,
  `select pgq_node.set_node_attrs('shop', 'sync_watermark=0')`,
  `select pgq_node.drop_node('shop', 'root')`,
  `select setval('pgq.batch_id_seq', 1)`,
  `update pgq.subscription set sub_last_tick = 1`,
  `delete from pgq.subscription`,
  `update pgq.consumer set co_name = co_name || 'x'`,
  `delete from pgq.tick`,
  `update pgq_node.local_state set last_tick_id = 1000`,
  `update pgq_node.node_info set node_type = 'branch'`,
  `delete from pgq_node.subscriber_info`,
  `update pgq_node.node_location set node_location = 'elsewhere'`,
];
const administrating = [
  `select pgq.drop_queue('shop', true)`,
  `select pgq.drop_queue('shop')`,
  `select pgq.set_queue_config('shop', 'ticker_paused', 'true')`,
  `select pgq.ticker('shop', 1000, now(), 1000)`,
  `select pgq.event_1_admin('pgq.drop_queue', array['true'])`,
  `select pgq._admin_drop_queue(1, true)`,
  `update pgq.queue set queue_disable_insert = true`,
  `delete from pgq.queue`,
  `delete from pgq.closed_queue`,
  `select pgtide.open_queue('shop')`,
  `select pgtide.grant_queue('shop', 'pgq_writer', 'produce')`,
  `select pgq._give_right(1, 'public', 'produce')`,
  `create table pgq.planted ()`,
];
/** For the owner to execute, sooner or later. */
const planting = [
  `update pgq.queue set queue_extra_maint = array['pgq.drop_queue']`,
  `update pgq.queue set queue_extra_maint = array['attack(); alter role owner superuser; select lower']`,
  `update pgq.queue set queue_data_pfx = 'pgq.event_1_0 select attack() --'`,
  `update pgq.queue set queue_event_seq = 'public.planted_seq'`,
  `update pgq.queue set queue_tick_seq = 'public.planted_seq'`,
  `insert into pgq.queue (queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq, queue_extra_maint)
   values ('x', 'public.x', 'public.planted_seq', 'public.planted_seq', array['pgq.drop_queue'])`,
  `update londiste.table_info set dest_table = 'public.planted'`,
  `update londiste.table_info set merge_state = 'in-copy', dropped_ddl = 'select attack()'`,
  `insert into londiste.table_info (queue_name, table_name, local) values ('shop', 'public.planted', true)`,
  `insert into londiste.pending_fkeys values ('public.orders', 'public.orders', 'k', 'select attack()')`,
  `insert into londiste.seq_info (queue_name, seq_name, local, last_value) values ('shop', 'public.planted_seq', true, 1)`,
  `insert into londiste.applied_execute (queue_name, execute_file, execute_sql) values ('shop', 'f', 'select attack()')`,
  `select londiste.local_set_table_struct('shop', 'public.orders', 'select attack()')`,
  `select londiste.local_set_table_attrs('shop', 'public.orders', 'handler=x')`,
  `select londiste.drop_table_fkey('public.orders', 'k')`,
];
const attacks = [...writing, ...reading, ...moving, ...administrating, ...planting];

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let server: Awaited<ReturnType<typeof ownServer>>;
  let db: TestDatabase;
  const roles = ['reader', 'writer', 'admin', 'londiste', 'producer', 'consumer', 'manager', 'stranger'];

  const as = <T>(role: string, work: (client: Client) => Promise<T>): Promise<T> =>
    withClient(db.targetAs(role), 'test', work);

  beforeAll(async () => {
    server = await ownServer({ version });
    for (const role of roles) await createRole(server, role);
    await createRole(server, 'owner');
    const setup = await createDatabase(server, { owner: 'owner' });
    await setup.superuser((client) =>
      client.query(`create role pgq_reader; create role pgq_writer; create role pgq_admin; create role londiste_reader;
        create role londiste_writer; create role producers; grant producers to producer;
        grant pgq_reader, pgq_writer to pgq_admin; grant pgq_admin to londiste_writer;
        grant pgq_reader to reader; grant pgq_writer to writer; grant pgq_admin to admin; grant londiste_writer to londiste`),
    );
    await newShop();
  });

  /** A root with a leaf, an open batch of each kind, and a queue beside it that is open. */
  async function shop(client: Client): Promise<void> {
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

  async function newShop(): Promise<void> {
    db = await createDatabase(server, { owner: 'owner' });
    await db.client(async (client) => {
      await install(client);
      await shop(client);
    });
    await db.superuser((client) =>
      client.query(`create schema traps; grant all on schema traps to public; create sequence public.planted_seq; create table public.planted ();
      create function public.attack() returns text language sql as $$ select 'attacked'::text $$`),
    );
  }

  /** Every statement is refused, or has done nothing and shown nothing, whoever asks. */
  async function lose(role: string, statements: readonly string[], before = ''): Promise<void> {
    const state = () => db.client((client) => client.query(STATE));
    const untouched = await state();
    const won: string[] = [];
    await as(role, async (client) => {
      if (before) await client.query(before);
      for (const statement of statements) {
        const [code = '', message = ''] = (await stateOf(client.query(statement))) ?? [];
        if (!REFUSED.includes(code)) won.push(`${role}: ${statement}: ${code} ${message}`);
      }
    });
    expect(won).toEqual([]);
    expect(await state()).toEqual(untouched);
  }

  test('the roles of the cluster have no way into a queue that nodes follow', async () => {
    for (const role of ['reader', 'writer', 'admin', 'londiste', 'stranger']) await lose(role, attacks);
    await lose('admin', attacks, 'set role pgq_admin');
    await lose('londiste', attacks, 'set role pgq_writer');
    for (const role of ['reader', 'admin'])
      expect(
        await as(role, (client) =>
          client.query(`select ev_data from pgq.event_template union all
            select ev_data from pgq.retry_queue where ev_queue = 1`),
        ),
      ).toEqual([]);
  });

  test('a definer function of theirs, called by the owner, acts with their rights', async () => {
    for (const role of ['writer', 'admin']) {
      await as(role, (client) =>
        client.query(`create function traps.of_${role}(statement text) returns void language plpgsql security definer as
          'begin execute statement; end'`),
      );
      await db.client(async (client) => {
        for (const statement of [...writing, ...moving, ...administrating]) {
          const [code] = (await stateOf(client.query(`select traps.of_${role}($1)`, [statement]))) ?? [];
          expect([statement, code]).toEqual([statement, expect.stringMatching(/42501|TD009/)]);
        }
      });
    }
  });

  test('a row trigger of theirs makes no events', async () => {
    await as('admin', (client) =>
      client.query(`create table traps.bait (id int primary key); grant all on traps.bait to public;
        create trigger t after insert on traps.bait for each row
          execute procedure pgq.logutriga('shop', 'ev_type=''R''', 'ev_extra1=''public.orders''')`),
    );
    for (const role of ['admin', 'writer', 'stranger'])
      await lose(role, ['insert into traps.bait values (1)']);
    const captures = await db.client((client) =>
      client.query<{ name: string }>(`select p.oid::regprocedure::text as name from pg_proc p
        where p.pronamespace = 'pgtide'::regnamespace and p.proname like 'capture\\_1\\_%'`),
    );
    expect(captures).toHaveLength(1);
    await lose('admin', [
      `create trigger c after insert on traps.bait referencing new table as pgtide_new for each statement
        execute procedure ${captures[0]?.name}`,
    ]);
  });

  test('errors say what to do', async () => {
    const refusal = await as('stranger', (client) =>
      client.query(`select pgq.next_batch('shop', 'leaf')`),
    ).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      kind: 'privilege',
      message: expect.stringContaining('permission denied for queue shop'),
      remedy: expect.stringContaining(`pgtide.grant_queue('shop', 'stranger', 'consume')`),
    });
    await db.client(async (client) => {
      const state = async (statement: string) => (await stateOf(client.query(statement)))?.[0];
      expect(await state(`select pgtide.grant_queue('none', 'stranger', 'consume')`)).toBe('TD002');
      expect(await state(`select pgtide.grant_queue('shop', 'nobody', 'consume')`)).toBe('TD002');
      expect(await state(`select pgtide.grant_queue('shop', 'stranger', 'eat')`)).toBe('TD001');
      expect(await state(`select pgtide.grant_queue('shop', 'pgq_reader', 'consume')`)).toBe('TD001');
      expect(await state(`select pgtide.close_queue('none')`)).toBe('TD002');
    });
  });

  test('the gate of one queue does not lead into another one', async () => {
    await newShop();
    await db.client((client) =>
      client.query(`select pgtide.close_queue('mail'); select pgtide.grant_queue('mail', 'consumer', 'consume'),
        pgtide.grant_queue('mail', 'consumer', 'admin')`),
    );
    const untouched = await db.client((client) => client.query(STATE));
    await as('consumer', async (client) => {
      const gate = (call: string, ...args: string[]) =>
        client.query(
          `select * from pgq.event_2_consume('${call}', array[${args.join(', ')}]::text[]) as r(n int)`,
        );
      const { batch: theirs } = (await client.first<{ batch: bigint }>(`select ${batch} as batch`)) ?? {};
      expect(await gate('pgq.finish_batch', `'${theirs}'`)).toEqual([{ n: 0 }]);
      expect(await gate('pgq_coop.finish_batch', `'${theirs}'`)).toEqual([{ n: 0 }]);
      for (const attack of [
        gate('pgq.event_retry', `'${theirs}'`, `'1'`, 'now()::text'),
        gate('pgq.batch_retry', `'${theirs}'`, `'1'`),
        gate('pgtide.dead_letter_put', `'${theirs}'`, `'1'`, `'x'`),
      ])
        expect((await stateOf(attack))?.[0]).toBe('TD002');
      for (const call of [
        'pgq.drop_queue',
        'pgq.create_queue',
        'pgq._make_gates',
        'public.attack',
        'pg_catalog.pg_sleep',
        '',
      ])
        expect((await stateOf(gate(call, `'true'`)))?.[0]).toBe('TD001');
      expect(await gate('pgq.unregister_consumer', `'leaf'`)).toEqual([{ n: 0 }]);
    });
    expect(await db.client((client) => client.query(STATE))).toEqual(untouched);
    await lose('consumer', attacks);
  });

  test('grants on a closed queue, to roles and their members, do what they say and no more', async () => {
    await newShop();
    await db.client((client) =>
      client.query(`select pgtide.grant_queue('shop', 'producers', 'produce'), pgtide.grant_queue('shop', 'consumer', 'consume'),
        pgtide.grant_queue('shop', 'manager', 'admin')`),
    );
    await lose('consumer', [...writing.slice(0, 14), ...administrating]);
    await lose('manager', [...writing.slice(0, 14), ...reading]);
    await lose('producer', [...reading, ...moving, ...administrating]);
    await as('producer', async (client) => {
      await client.query(`select pgq.insert_event('shop', 'from', 'producer')`);
      await client.query(`select pgq.insert_event('shop', 'from', 'producer', null, null, null, null)`);
      await client.query('begin isolation level repeatable read');
      await client.query(`select pgq.insert_event('shop', 'from', 'producer')`);
      const table = await client.first<{ name: string }>(`select pgq.current_event_table('shop') as name`);
      await client.query(`insert into ${table?.name} (ev_id, ev_time, ev_type, ev_data)
        values (nextval('pgq.event_1_id_seq'), now(), 'from', 'copy')`);
      await client.query('commit');
    });
    await db.client((client) => client.query(`select pgq.force_tick('shop')`));
    await db.client((client) => client.query(`select pgq.ticker('shop')`));
    await as('consumer', async (client) => {
      expect(await client.query(`select pgq.register_consumer('shop', 'own') as new`)).toEqual([{ new: 1 }]);
      await client.query(`select pgq.finish_batch(${batch})`);
      await client.query(`select * from pgtide.next_batch('shop', 'leaf', 1000)`);
      const events = await client.query(`select from pgq.get_batch_events(${batch}) where ev_type = 'from'`);
      expect(events).toHaveLength(4);
      expect(await client.query(`select pgq.unregister_consumer('shop', 'own') as gone`)).toEqual([
        { gone: 1 },
      ]);
      await demand(client, 'pgq_node.register_subscriber', 'shop', 'other', 'w', null);
      await demand(client, 'pgq_node.unregister_subscriber', 'shop', 'other');
    });
    await as('manager', async (client) => {
      await client.query(`select pgq.set_queue_config('shop', 'ticker_max_count', '7')`);
    });
    expect(await db.client((client) => client.query(`select * from pgtide.queue_grants('shop')`))).toEqual([
      { role_name: 'consumer', right_name: 'consume' },
      { role_name: 'manager', right_name: 'admin' },
      { role_name: 'producers', right_name: 'produce' },
    ]);

    // They outlive an installation and a rotation, and end when they are taken back.
    await db.client(async (client) => {
      await install(client, { force: true });
      await client.query(`update pgq.queue set queue_rotation_period = '0'`);
      for (let turn = 0; turn < 3; turn += 1) {
        await client.query(`select pgq.maint_rotate_tables_step1('shop')`);
        await client.query('select pgq.maint_rotate_tables_step2()');
      }
    });
    await as('producer', (client) => client.query(`select pgq.insert_event('shop', 'from', 'producer')`));
    await as('consumer', (client) => client.query(`select pgq.next_batch('shop', 'leaf')`));
    await db.client((client) =>
      client.query(`select pgtide.revoke_queue('shop', 'producers', 'produce'), pgtide.revoke_queue('shop', 'consumer', 'consume'),
        pgtide.revoke_queue('shop', 'manager', 'admin')`),
    );
    for (const role of ['producer', 'consumer', 'manager']) await lose(role, attacks);
  });

  test('an open queue is for whoever has the role, and closed at will', async () => {
    await newShop();
    const produce = `select pgq.insert_event('mail', 't', 'd')`;
    const consume = `select pgq.register_consumer('mail', 'reader')`;
    await as('writer', (client) => client.query(produce));
    await as('reader', (client) => client.query(consume));
    expect(await as('reader', (client) => client.query('select ev_data from pgq.retry_queue'))).toEqual([]);
    expect(await db.client((client) => client.query(`select pgtide.close_queue('mail') as closed`))).toEqual([
      { closed: true },
    ]);
    await lose('writer', [produce]);
    await lose('reader', [consume]);
    await lose('admin', [produce, consume, `select pgq.drop_queue('mail', true)`]);
    await db.client(async (client) => {
      await install(client, { force: true });
      await client.query(produce);
    });
    await lose('admin', [produce, consume, `select pgq.drop_queue('mail', true)`]);
    expect(await db.client((client) => client.query(`select pgtide.open_queue('mail') as opened`))).toEqual([
      { opened: true },
    ]);
    await as('writer', (client) => client.query(produce));
    await as('reader', (client) => client.query(consume));
    await as('admin', (client) => client.query(`select pgq.drop_queue('mail', true)`));
    expect(
      (await db.client((client) => stateOf(client.query(`select pgtide.open_queue('shop')`))))?.[0],
    ).toBe('TD003');
    expect(
      await db.client((client) => client.query(`select 1 from pg_proc where proname like 'event\\_2\\_%'`)),
    ).toEqual([]);
  });

  test('what others wrote before a queue became a node’s is not for its subscribers', async () => {
    await newShop();
    await as('writer', (client) =>
      client.query(`select pgq.insert_event('mail', 'R', '', 'public.orders', null, null, null)`),
    );
    await using late = await db.open('writer');
    await late.client.query('begin');
    await late.client.query(`select pgq.insert_event('mail', 'R', '', 'public.orders', null, null, null)`);
    await db.client(async (client) => {
      await demand(client, 'pgq_node.register_location', 'mail', 'root', 'r', false);
      await demand(client, 'pgq_node.register_location', 'mail', 'leaf', 'l', false);
      const made = demand(
        client,
        'pgq_node.create_node',
        'mail',
        'root',
        'root',
        'mail.root',
        null,
        null,
        null,
      );
      await until('create_node waits for the writer', async () =>
        db.superuser((watch) =>
          watch.first(`select from pg_locks where not granted and locktype = 'relation' and database =
          (select oid from pg_database where datname = current_database())`),
        ),
      );
      await late.client.query('commit');
      await made;
      await demand(client, 'pgq_node.register_subscriber', 'mail', 'leaf', 'mail-leaf', null);
      await client.query(
        `select pgq.insert_event('mail', 'I', 'by the owner', 'public.orders', null, null, null), pgq.force_tick('mail')`,
      );
      await client.query(`select pgq.ticker('mail')`);
      const { batch: first } =
        (await client.first<{ batch: bigint }>(`select pgq.next_batch('mail', 'mail-leaf') as batch`)) ?? {};
      expect(await client.query('select ev_data from pgq.get_batch_events($1)', [first])).toEqual([
        { ev_data: 'by the owner' },
      ]);
    });
  });

  test('a queue that is made under the name of a node is closed', async () => {
    await newShop();
    await db.client(async (client) => {
      for (const node of ['root', 'leaf'])
        await demand(client, 'pgq_node.register_location', 'far', node, 'r', false);
      await demand(client, 'pgq_node.create_node', 'far', 'leaf', 'leaf', 'far.leaf', 'root', 1, null);
    });
    await as('admin', (client) => client.query(`select pgq.create_queue('far')`));
    await lose('admin', [
      `select pgq.insert_event('far', 't', 'd')`,
      `select pgq.register_consumer('far', 'c')`,
    ]);
  });
});

describe.each(releases)('from release %s', (release) => {
  test('the queue of a node is closed by the upgrade, others stay open', async () => {
    const server = await ownServer({ version: 15 });
    const db = await createDatabase(server, { owner: 'owner' });
    for (const role of ['reader', 'writer', 'byhand']) await createRole(server, role);
    await db.superuser((client) =>
      client.query(`create role pgq_reader; create role pgq_writer; create role pgq_admin;
        grant pgq_reader to reader; grant pgq_writer to writer`),
    );
    await db.client(async (client) => {
      await install(client, { files: filesOfRelease(release) });
      await client.query('create table orders (id serial primary key)');
      await demand(client, 'pgq_node.register_location', 'shop', 'root', 'r', false);
      await demand(client, 'pgq_node.create_node', 'shop', 'root', 'root', 'shop.root', null, null, null);
      await client.query(`select pgq.create_queue('mail');
        grant execute on function pgq.insert_event(text, text, text), pgq.next_batch(text, text), pgq.register_consumer(text, text)
          to byhand`);
      await install(client);
    });
    const state = (role: string, statement: string) =>
      withClient(db.targetAs(role), 'test', async (client) => (await stateOf(client.query(statement)))?.[0]);
    for (const role of ['writer', 'byhand']) {
      expect(await state(role, `select pgq.insert_event('mail', 't', 'd')`)).toBeUndefined();
      expect(await state(role, `select pgq.insert_event('shop', 't', 'd')`)).toBe('42501');
    }
    for (const role of ['reader', 'byhand']) {
      expect(await state(role, `select pgq.register_consumer('mail', 'c')`)).toBeUndefined();
      expect(await state(role, `select pgq.register_consumer('shop', 'c')`)).toBe('TD009');
    }
  });
});
