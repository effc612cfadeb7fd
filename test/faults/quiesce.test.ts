/** The checks of a campaign work: in a world that is in order, they find whatever is then changed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorld } from './create-world.ts';
import { differences, leftovers, quiesce, removal, unrest } from './quiesce.ts';
import { campaignOf, type Side } from './schedule.ts';
import { startPair } from './servers.ts';
import { Session } from './session.ts';
import type { World } from './world.ts';
import { CONSUMER, QUEUE } from './world-config.ts';

let world: World;

beforeAll(async () => {
  const campaign = { ...campaignOf(1), oldTransaction: false };
  world = await createWorld(await startPair({ old: 13, new: 17 }), campaign);
  await world.begin();
  await world.change();
  expect(await quiesce(world, { remove: false })).toEqual([]);
});
afterAll(() => world.end());

const found = async () => [...(await differences(world)), ...(await leftovers(world, 100))].join('\n');
const table = `'${QUEUE}', 'public.wide'`;
const ofConsumer = `queue_name = '${QUEUE}' and consumer_name = '${CONSUMER}'`;

/** While the world begins, changes delete rows from the lowest id on. The longer it takes, the more rows are deleted. */
const LAST = '(select max(id) from wide)';

/** The disorder, the statement that makes it, the one that undoes it, and the problem that is reported. */
const disorders: [what: string, side: Side, sql: string, undo: string, said: string][] = [
  [
    'a row that is lost',
    'new',
    `delete from wide where id = ${LAST}`,
    'insert into wide select * from kept',
    'wide: ',
  ],
  ['a row too many', 'new', `insert into wide values (7777)`, 'delete from wide where id = 7777', '+ '],
  [
    'another value',
    'new',
    `update wide set hot = hot + 1 where id = ${LAST}`,
    `update wide set hot = hot - 1 where id = ${LAST}`,
    'wide: ',
  ],
  [
    'a parked event',
    'new',
    `insert into pgtide.parked_event (queue_name, table_name, ev_id, ev_txid, ev_time, ev_type) values (${table}, 1, 1, now(), 'I:id')`,
    'delete from pgtide.parked_event',
    'new: parked events',
  ],
  [
    'a chunk under way',
    'new',
    `insert into pgtide.copy_chunk (queue_name, table_name, chunk_no) values (${table}, 9999)`,
    'delete from pgtide.copy_chunk where chunk_no = 9999',
    'new: chunks that are not copied',
  ],
  [
    'a place inside a batch',
    'new',
    `update pgtide.replay_state set slice_tick = 1, slice_ev_id = 1`,
    `update pgtide.replay_state set slice_tick = null, slice_ev_id = null`,
    'new: a place inside a batch',
  ],
  [
    'an error of the consumer',
    'new',
    `update pgq_node.local_state set cur_error = 'x'`,
    `update pgq_node.local_state set cur_error = null`,
    'new: an error of the consumer',
  ],
  [
    'rows that did not fit',
    'new',
    `insert into pgtide.table_stats (queue_name, table_name, missing) values (${table}, 1)
       on conflict (queue_name, table_name) do update set missing = 1`,
    `update pgtide.table_stats set missing = 0`,
    'new: rows that did not fit',
  ],
  [
    'a position that is behind',
    'new',
    `update pgq_node.local_state set last_tick_id = last_tick_id - 1 where ${ofConsumer}`,
    `update pgq_node.local_state set last_tick_id = last_tick_id + 1 where ${ofConsumer}`,
    'the position is',
  ],
  [
    'an open batch',
    'old',
    `update pgq.subscription set sub_batch = 1 where sub_consumer = (select co_id from pgq.consumer where co_name = '${CONSUMER}')`,
    `update pgq.subscription set sub_batch = null`,
    'old: open batches',
  ],
  [
    'a consumer of its own',
    'old',
    `select pgq.register_consumer('${QUEUE}', 'stranger')`,
    `select pgq.unregister_consumer('${QUEUE}', 'stranger')`,
    'old: other consumers',
  ],
  [
    'an event to be tried again',
    'old',
    `insert into pgq.retry_queue (ev_owner, ev_id, ev_time, ev_retry_after, ev_type, ev_queue)
       select sub_id, 1, now(), now(), 'x', sub_queue from pgq.subscription limit 1`,
    'delete from pgq.retry_queue',
    'old: events to be tried again',
  ],
  [
    'an index that is not valid',
    'new',
    `update pg_index set indisvalid = false where indexrelid = 'wide_hot'::regclass`,
    `update pg_index set indisvalid = true where indexrelid = 'wide_hot'::regclass`,
    'new: invalid indexes',
  ],
  [
    'a constraint that was not validated',
    'new',
    `update pg_constraint set convalidated = false where conname = 'wide_pkey'`,
    `update pg_constraint set convalidated = true where conname = 'wide_pkey'`,
    'new: constraints that were not validated',
  ],
];

it.each(disorders)('%s is found', async (_what, side, sql, undo, said) => {
  await world.superuser(
    'new',
    `drop table if exists kept; create unlogged table kept as select * from wide where id = ${LAST}`,
  );
  const inReplicaMode = (text: string) =>
    world.superuser(side, `set session_replication_role = 'replica'; ${text}`);
  await inReplicaMode(sql);
  expect(await found()).toContain(said);
  await inReplicaMode(undo);
  await world.superuser('new', 'drop table kept');
  expect(await found()).toBe('');
});

it.each<[what: string, sql: string, said: string]>([
  ['a temporary table', 'create temp table left_behind (n int)', 'temporary tables'],
  ['an advisory lock', 'select pg_advisory_lock(1)', 'advisory locks'],
  ['a connection', `set application_name = 'pgtide shop'`, 'connections'],
])('%s that stays is found', async (_what, sql, said) => {
  for (const side of ['old', 'new'] as const) {
    const session = new Session(world.database[side].target);
    await session.query(sql);
    expect(await found()).toContain(`${side}: ${said}`);
    await session.close();
    expect(await leftovers(world)).toEqual([]);
  }
});

it('an acknowledged commit that is on neither side is found', async () => {
  world.writers[1]?.seen.add(99_999);
  expect(await differences(world)).toEqual([
    expect.stringContaining('are not on old: 99999'),
    expect.stringContaining('are not on new: 99999'),
  ]);
  world.writers[1]?.seen.delete(99_999);
});

it('unfinished work and a lease that was not released are found', async () => {
  expect(await unrest(world)).toEqual([]);
  await world.change();
  expect((await unrest(world)).join()).toContain('a last replay was not idle');
  const lease = await world.store().acquire(`copy/${QUEUE}/new`, 'stranger', 86_400_000);
  if (lease.kind !== 'acquired') throw new Error('it is free');
  expect((await unrest(world)).join()).toContain('a last copy was not idle');
  await world.store().release(lease.lease);
  expect(await unrest(world)).toEqual([]);
});

it('objects that a removal leaves, or drops though it did not create them, are found', async () => {
  await world.user.new.query('drop index wide_hot');
  await world.user.old.query(
    `create function left_behind() returns trigger language plpgsql as 'begin return null; end';
     create trigger left_behind after insert on wide execute procedure left_behind()`,
  );
  const problems = (await removal(world)).join('\n');
  expect(problems).toMatch(/of old: lost \[\], new .*left_behind/);
  expect(problems).toMatch(/of new: lost .*wide_hot/);
});
