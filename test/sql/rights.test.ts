/**
 * The rights of each role. pgq_reader, pgq_writer and pgq_admin are created if the installing role may create roles;
 * otherwise only the owner has access.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../lib/db/client.ts';
import { quoteIdent } from '../../lib/db/identifier.ts';
import { install } from '../../lib/install/install-schemas.ts';
import { createDatabase, createRole, ownServer, type TestDatabase } from '../support/database.ts';
import { stateOf } from '../support/queue.ts';

/** PostgreSQL's own refusal, and ours, which names the queue and the remedy. */
const REFUSED = ['42501', 'TD009'];

const reading = [
  `select pgq.register_consumer('q', 'rights')`,
  `select * from pgq.next_batch('q', 'open')`,
  `select * from pgq.get_batch_events((select sub_batch from pgq.subscription where sub_batch is not null))`,
  `select * from pgq.get_batch_cursor((select sub_batch from pgq.subscription where sub_batch is not null), 'c', 10, 'true')`,
  `select pgq.batch_retry((select sub_batch from pgq.subscription where sub_batch is not null), 1)`,
  `select pgq.force_tick('q')`,
  `select pgq_coop.register_subconsumer('q', 'team', 'b')`,
  `select pgq_coop.next_batch('q', 'team', 'a')`,
  `select pgq_coop.next_batch('q', 'team', 'a', '1 hour')`,
  `select pgq_coop.next_batch_custom('q', 'team', 'a', null, 1, null)`,
  `select pgq_coop.next_batch_custom('q', 'team', 'a', null, 1, null, '1 hour')`,
  `select pgq_coop.finish_batch((select sub_batch from pgq.subscription where sub_batch is not null))`,
  `select pgq_coop.unregister_subconsumer('q', 'team', 'a', 0)`,
  `select pgq_ext.set_batch_done('c', 1)`,
  `select pgq_ext.set_batch_done('c', 'a', 1)`,
  `select pgq_ext.set_event_done('c', 1, 1)`,
  `select pgq_ext.set_event_done('c', 'a', 1, 1)`,
  `select pgq_ext.set_last_tick('c', 1)`,
  `select pgq_ext.set_last_tick('c', 'a', null)`,
];
const writing = [
  `select pgq.insert_event('q', 't', 'd')`,
  `select pgq.insert_event('q', 't', 'd', null, null, null, null)`,
  `insert into pgq.event_1_0 (ev_time) values (now())`,
];
/** Calls that only the owner may make: queues of nodes are closed. */
const nodeWriting = [
  `select pgq_node.create_node('n', 'root', 'a', 'w', null, null, null)`,
  `select pgq_node.register_location('n', 'a', 'x', false)`,
  `select pgq_node.drop_node('n', 'a')`,
  `select pgq_node.register_consumer('n', 'c', 'a', 1)`,
  `select pgq_node.set_consumer_completed('n', 'c', 1)`,
  `select pgq_node.set_consumer_error('n', 'c', 'e')`,
  `select pgq_node.set_consumer_paused('n', 'c', true)`,
  `select pgq_node.set_consumer_uptodate('n', 'c', true)`,
  `select pgq_node.change_consumer_provider('n', 'c', 'a')`,
  `select pgq_node.unregister_consumer('n', 'c')`,
  `select cur_error from pgq_node.local_state`,
];
/** Calls that another node makes on its provider. There is no such queue here, so nothing is refused. */
const nodeReading = [
  `select pgq_node.register_subscriber('n', 'b', 'w', null)`,
  `select pgq_node.set_subscriber_watermark('n', 'b', 1)`,
  `select pgq_node.unregister_subscriber('n', 'b')`,
];
const administration = [
  `select pgq.create_queue('q2')`,
  `select pgq.ticker('q')`,
  `select pgq.ticker()`,
  `select pgq.set_queue_config('q', 'ticker_max_count', '100')`,
  `select pgq.maint_rotate_tables_step1('q')`,
  `select pgq.maint_retry_events()`,
  `select * from pgq.maint_operations()`,
  `select pgq.insert_event_raw('q', null, null, null, null, 't', 'd', null, null, null, null)`,
  `select pgq_node.maint_watermark('q')`,
  `select pgq_ext.upgrade_schema()`,
  `select pgq.drop_queue('q', true)`,
];
const asking = [
  `select pgq.current_event_table('q')`,
  `select * from pgq.get_queue_info()`,
  `select * from pgq.get_consumer_info()`,
  `select * from pgq.tick`,
  `select * from pgq_node.get_node_info('q')`,
  `select londiste.find_table_oid('a.b')`,
  `select pgq.version(), pgq_coop.version(), pgq_ext.version()`,
  `select last_value from pgq.event_1_id_seq union all select last_value from pgq.event_1_tick_seq`,
  `select * from londiste.table_info, londiste.seq_info, londiste.pending_fkeys, londiste.applied_execute`,
  `select londiste.find_table_fkeys('a.b')`,
  `select pgq_ext.is_batch_done('c', 1), pgq_ext.is_batch_done('c', 'a', 1)`,
  `select pgq_ext.is_event_done('c', 1, 1), pgq_ext.is_event_done('c', 'a', 1, 1)`,
  `select pgq_ext.get_last_tick('c'), pgq_ext.get_last_tick('c', 'a')`,
  `select * from pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.completed_event, pgq_ext.partial_batch`,
];
/** Queries of londiste_reader and londiste_writer. */
const londisteAsking = [
  `select * from londiste.get_table_list('r')`,
  `select * from londiste.get_seq_list('r')`,
  `select * from londiste.local_show_missing('r')`,
  `select * from londiste.get_table_pending_fkeys('a.b')`,
  `select * from londiste.get_valid_pending_fkeys('r')`,
];
/** Writes that only functions may make, whoever calls the functions. */
const byHand = [
  `insert into pgq_ext.completed_tick values ('c', '', 1)`,
  `delete from pgq_ext.completed_batch`,
  `update pgq_ext.completed_event set event_id = 1`,
  `truncate pgq_ext.partial_batch`,
];

describe.each([10, 18])('on PostgreSQL %i', (version) => {
  let server: Awaited<ReturnType<typeof ownServer>>;
  beforeAll(async () => {
    server = await ownServer({ version });
  });

  /** A database with a queue `q` and an open batch, installed by this role. */
  async function installedBy(installer: string): Promise<TestDatabase> {
    const db = await createDatabase(server, { owner: installer });
    await db.client(async (client) => {
      await install(client);
      await client.query(`select pgq.create_queue('q')`);
      await client.query(`select pgq.register_consumer('q', 'open'); select pgq.insert_event('q', 't', 'd');
        select pgq_coop.register_subconsumer('q', 'team', 'a')`);
      await client.query(`select pgq.force_tick('q')`);
      await client.query(`select pgq.ticker('q')`);
      await client.query(`select pgq.next_batch('q', 'open')`);
      await install(client, { force: true });
    });
    return db;
  }

  /** Returns the statements that `role` may not run. */
  async function refused(db: TestDatabase, role: string, statements: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    await withClient(db.targetAs(role), 'test', async (client) => {
      for (const statement of statements) {
        await client.query('begin');
        const [code, message] = (await stateOf(client.query(statement))) ?? [];
        await client.query('rollback');
        if (code !== undefined && REFUSED.includes(code)) found.push(statement);
        else if (code) throw new Error(`${statement}: ${code} ${message}`);
      }
    });
    return found;
  }

  /** A queue of a root node with a partitioned table, and one in copy. */
  const makeRoot = (db: TestDatabase) =>
    db.client((client) =>
      client.query(`create table parted (id int) partition by range (id); create table parted_1 partition of parted for values from (0) to (9);
        select pgq_node.register_location('r', 'a', 'x', false), pgq_node.create_node('r', 'root', 'a', 'w', null, null, null);
        insert into londiste.table_info (queue_name, table_name, local, merge_state)
        values ('r', 'public.parted', true, 'ok'), ('r', 'public.copied', true, 'in-copy')`),
    );

  async function checkRoles(db: TestDatabase): Promise<void> {
    for (const role of ['reader', 'writer', 'admin']) {
      const member = `some_${role}`;
      await createRole(server, member);
      await db.superuser((client) =>
        client.query(`grant ${quoteIdent(`pgq_${role}`)} to ${quoteIdent(member)}`),
      );
    }
    await createRole(server, 'stranger');
    const all = [...reading, ...writing, ...nodeWriting, ...nodeReading, ...administration, ...asking];
    for (const role of ['some_reader', 'some_writer', 'some_admin', 'stranger'])
      expect(await refused(db, role, byHand)).toEqual(byHand);
    expect(await refused(db, 'some_reader', all)).toEqual([...writing, ...nodeWriting, ...administration]);
    expect(await refused(db, 'some_writer', all)).toEqual([...reading, ...nodeWriting, ...administration]);
    expect(await refused(db, 'some_admin', all)).toEqual(nodeWriting);
    const open = [...asking, ...nodeReading];
    expect(await refused(db, 'stranger', all)).toEqual(all.filter((call) => !open.includes(call)));
    for (const member of ['londiste_reader', 'londiste_writer']) {
      await createRole(server, `some_${member}`);
      await db.superuser((client) => client.query(`grant ${member} to some_${member}`));
    }
    expect(await refused(db, 'some_londiste_reader', all)).toEqual([
      ...writing,
      ...nodeWriting,
      ...administration,
    ]);
    expect(await refused(db, 'some_londiste_writer', all)).toEqual(nodeWriting);
    await makeRoot(db);
    for (const member of ['some_londiste_reader', 'some_londiste_writer'])
      expect(await refused(db, member, londisteAsking)).toEqual([]);
    expect(await refused(db, 'stranger', londisteAsking)).toEqual(londisteAsking);
  }

  test('A plain owner installs without roles, and no other role has access', async () => {
    const db = await installedBy('plain');
    expect(
      await db.client((client) =>
        client.query(`select rolname from pg_roles where rolname ~ '^(pgq|londiste)_'`),
      ),
    ).toEqual([]);
    await createRole(server, 'stranger');
    expect(await refused(db, 'stranger', [...reading, ...writing, ...administration])).toEqual([
      ...reading,
      ...writing,
      ...administration,
    ]);
    expect(await refused(db, 'stranger', asking)).toEqual([]);
  });

  test('An owner who may create roles creates them', async () => {
    await createRole(server, 'maker');
    const setup = await createDatabase(server, { owner: 'maker' });
    await setup.superuser((client) => client.query('alter role maker createrole'));
    await checkRoles(await installedBy('maker'));
  });

  test('An owner uses roles that exist already, whoever owns them', async () => {
    await checkRoles(await installedBy('plain'));
  });
});
