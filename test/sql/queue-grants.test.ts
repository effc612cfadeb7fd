/**
 * Rights on single queues, and on open ones. A grant on a closed queue gives exactly the named right, and survives
 * installation and rotation. On open queues the roles of the cluster have the rights that PgQ gives them. A queue that
 * becomes a node's is closed.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { ClosedShop } from '../support/closed-shop.ts';
import { createDatabase, createRole, ownServer } from '../support/database.ts';
import { demand } from '../support/node.ts';
import { stateOf } from '../support/queue.ts';
import { administrating, attacks, batch, moving, reading, writing } from '../support/queue-attacks.ts';
import { filesOfRelease, isFirst, releases } from '../support/release.ts';
import { until } from '../support/until.ts';
import { withOthers } from '../support/versions.ts';

describe.each(withOthers([10, 18]))('on PostgreSQL %i', (version) => {
  let shop: ClosedShop;
  beforeAll(async () => {
    shop = await ClosedShop.open(version);
  });

  test('grants on a closed queue, to roles and their members, do what they say and no more', async () => {
    await shop.renew();
    await shop.db.client((client) =>
      client.query(`select pgtide.grant_queue('shop', 'producers', 'produce'), pgtide.grant_queue('shop', 'consumer', 'consume'),
        pgtide.grant_queue('shop', 'manager', 'admin')`),
    );
    await shop.lose('consumer', [...writing.slice(0, 14), ...administrating]);
    await shop.lose('manager', [...writing.slice(0, 14), ...reading]);
    await shop.lose('producer', [...reading, ...moving, ...administrating]);
    await shop.as('producer', async (client) => {
      await client.query(`select pgq.insert_event('shop', 'from', 'producer')`);
      await client.query(`select pgq.insert_event('shop', 'from', 'producer', null, null, null, null)`);
      await client.query('begin isolation level repeatable read');
      await client.query(`select pgq.insert_event('shop', 'from', 'producer')`);
      const table = await client.first<{ name: string }>(`select pgq.current_event_table('shop') as name`);
      await client.query(`insert into ${table?.name} (ev_id, ev_time, ev_type, ev_data)
        values (nextval('pgq.event_1_id_seq'), now(), 'from', 'copy')`);
      await client.query('commit');
    });
    await shop.db.client((client) => client.query(`select pgq.force_tick('shop')`));
    await shop.db.client((client) => client.query(`select pgq.ticker('shop')`));
    await shop.as('consumer', async (client) => {
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
    await shop.as('manager', async (client) => {
      await client.query(`select pgq.set_queue_config('shop', 'ticker_max_count', '7')`);
    });
    expect(
      await shop.db.client((client) => client.query(`select * from pgtide.queue_grants('shop')`)),
    ).toEqual([
      { role_name: 'consumer', right_name: 'consume' },
      { role_name: 'manager', right_name: 'admin' },
      { role_name: 'producers', right_name: 'produce' },
    ]);

    // They survive an installation and a rotation, and end when they are revoked.
    await shop.db.client(async (client) => {
      await install(client, { force: true });
      await client.query(`update pgq.queue set queue_rotation_period = '0'`);
      for (let turn = 0; turn < 3; turn += 1) {
        await client.query(`select pgq.maint_rotate_tables_step1('shop')`);
        await client.query('select pgq.maint_rotate_tables_step2()');
      }
    });
    await shop.as('producer', (client) =>
      client.query(`select pgq.insert_event('shop', 'from', 'producer')`),
    );
    await shop.as('consumer', (client) => client.query(`select pgq.next_batch('shop', 'leaf')`));
    await shop.db.client((client) =>
      client.query(`select pgtide.revoke_queue('shop', 'producers', 'produce'), pgtide.revoke_queue('shop', 'consumer', 'consume'),
        pgtide.revoke_queue('shop', 'manager', 'admin')`),
    );
    for (const role of ['producer', 'consumer', 'manager']) await shop.lose(role, attacks);
  });

  test('an open queue is for all members of the role, and can be closed', async () => {
    await shop.renew();
    const produce = `select pgq.insert_event('mail', 't', 'd')`;
    const consume = `select pgq.register_consumer('mail', 'reader')`;
    await shop.as('writer', (client) => client.query(produce));
    await shop.as('reader', (client) => client.query(consume));
    expect(await shop.as('reader', (client) => client.query('select ev_data from pgq.retry_queue'))).toEqual(
      [],
    );
    expect(
      await shop.db.client((client) => client.query(`select pgtide.close_queue('mail') as closed`)),
    ).toEqual([{ closed: true }]);
    await shop.lose('writer', [produce]);
    await shop.lose('reader', [consume]);
    await shop.lose('admin', [produce, consume, `select pgq.drop_queue('mail', true)`]);
    await shop.db.client(async (client) => {
      await install(client, { force: true });
      await client.query(produce);
    });
    await shop.lose('admin', [produce, consume, `select pgq.drop_queue('mail', true)`]);
    expect(
      await shop.db.client((client) => client.query(`select pgtide.open_queue('mail') as opened`)),
    ).toEqual([{ opened: true }]);
    await shop.as('writer', (client) => client.query(produce));
    await shop.as('reader', (client) => client.query(consume));
    await shop.as('admin', (client) => client.query(`select pgq.drop_queue('mail', true)`));
    expect(
      (await shop.db.client((client) => stateOf(client.query(`select pgtide.open_queue('shop')`))))?.[0],
    ).toBe('TD003');
    expect(
      await shop.db.client((client) =>
        client.query(`select 1 from pg_proc where proname like 'event\\_2\\_%'`),
      ),
    ).toEqual([]);
  });

  test('events that others wrote before a queue became a node’s are not for its subscribers', async () => {
    await shop.renew();
    await shop.as('writer', (client) =>
      client.query(`select pgq.insert_event('mail', 'R', '', 'public.orders', null, null, null)`),
    );
    await using late = await shop.db.open('writer');
    await late.client.query('begin');
    await late.client.query(`select pgq.insert_event('mail', 'R', '', 'public.orders', null, null, null)`);
    await shop.db.client(async (client) => {
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
        shop.db.superuser((watch) =>
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
    await shop.renew();
    await shop.db.client(async (client) => {
      for (const node of ['root', 'leaf'])
        await demand(client, 'pgq_node.register_location', 'far', node, 'r', false);
      await demand(client, 'pgq_node.create_node', 'far', 'leaf', 'leaf', 'far.leaf', 'root', 1, null);
    });
    await shop.as('admin', (client) => client.query(`select pgq.create_queue('far')`));
    await shop.lose('admin', [
      `select pgq.insert_event('far', 't', 'd')`,
      `select pgq.register_consumer('far', 'c')`,
    ]);
  });
});

describe.each(releases.filter(isFirst))('from release %s', (release) => {
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
