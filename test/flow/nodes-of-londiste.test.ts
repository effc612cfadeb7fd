/**
 * C1: nodes that Londiste has created are nodes like ours. Their workers and locations have the names that their creators
 * gave them; install, replay, compare, status and resync read these from the node, and change none of them.
 */
import { expect, test } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { install as installSql } from '../../lib/install/install-schemas.ts';
import { findNode } from '../../lib/topology/local-node.ts';
import { compareInput, compareWith } from '../../lib/units/compare.ts';
import { install } from '../../lib/units/install.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { status } from '../../lib/units/status.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual } from '../support/oracle.ts';
import { cascade, type InstalledPair } from '../support/unit-context.ts';

/** As `londiste create-root` leaves it, with a worker of any name. */
async function makeRoot(client: Client): Promise<void> {
  await demand(client, 'pgq_node.register_location', 'shop', 'old', 'service=old password=theirs', false);
  await demand(client, 'pgq_node.create_node', 'shop', 'root', 'old', 'old_worker', null, null, null);
}

/** As `londiste create-leaf` leaves it. */
async function makeLeaf(root: Client, leaf: Client): Promise<void> {
  await demand(root, 'pgq_node.register_location', 'shop', 'new', 'service=new', false);
  const { global_watermark: tick } = await demand(
    root,
    'pgq_node.register_subscriber',
    'shop',
    'new',
    'any_worker',
    null,
  );
  await demand(leaf, 'pgq_node.register_location', 'shop', 'old', 'service=old password=theirs', false);
  await demand(leaf, 'pgq_node.register_location', 'shop', 'new', 'service=new', false);
  await demand(leaf, 'pgq_node.create_node', 'shop', 'leaf', 'new', 'any_worker', 'old', tick, null);
}

async function databases(): Promise<InstalledPair> {
  const [old, fresh] = await Promise.all(
    [15, 17].map(async (version) => createDatabase(await postgres(version))),
  );
  if (!old || !fresh) throw new Error('two databases');
  const both = async (sql: string) => {
    for (const database of [old, fresh]) await database.client((client) => client.query(sql));
  };
  return { old, new: fresh, both, shop: cascade('shop', { old, new: fresh }) };
}

const locations = (it: InstalledPair) =>
  it.new.client((client) =>
    client.query<{ name: string; location: string }>(
      `select node_name as name, node_location as location from pgq_node.get_queue_locations('shop')`,
    ),
  );

test.each([
  ['a root', false],
  ['a root and a leaf', true],
])("%s that Londiste created are followed, and provide, as pgtide's do", async (_, both) => {
  const it = await databases();
  await it.both('create table items (id int primary key, v text)');
  await it.old.client(async (root) => {
    await installSql(root);
    await makeRoot(root);
    await demand(root, 'londiste.local_add_table', 'shop', 'public.items');
    await root.query(`insert into items select i, 'copied' from generate_series(1, 100) i`);
    if (!both) return;
    await it.new.client(async (leaf) => {
      await installSql(leaf);
      await makeLeaf(root, leaf);
    });
  });

  await install(it.shop.context('old'), {});
  const worker = both ? 'any_worker' : 'shop.new';
  expect(await it.new.client((client) => findNode(client, 'shop'))).toMatchObject({ workerName: worker });
  expect(await it.old.client((client) => findNode(client, 'shop'))).toMatchObject({
    workerName: 'old_worker',
  });
  const known = await locations(it);
  expect(known.filter(({ location }) => location === 'service=new')).toHaveLength(both ? 1 : 0);
  expect(known.filter(({ location }) => location.startsWith('host='))).toHaveLength(both ? 0 : 2);
  expect(
    await it.old.client((client) =>
      client.first(
        `select node_location as at from pgq_node.get_queue_locations('shop') where node_name = 'old'`,
      ),
    ),
  ).toEqual({ at: 'service=old password=theirs' });

  await addTables(it, ['items']);
  await followUntilSynced(it);
  await it.old.client((client) =>
    client.query(`update items set v = 'it''s & 100 %' where id < 50; update items set id = -id where id < 10;
      delete from items where id > 90; insert into items values (1000, null), (1001, '')`),
  );
  await replayAll(it);
  await maintain(it.shop.context('old'));
  await expectEqual(it.old, it.new, ['items']);
  const compared = await compareWith({})(it.shop.context('old'), compareInput.parse({}));
  expect(compared.result).toMatchObject({ equal: true });
  const { result } = await status(it.shop.context('old'), {});
  expect(result.queues[0]?.nodes.flatMap(({ problems }) => problems.map(({ code }) => code))).toEqual([
    'no-replica-role',
  ]);

  // The provider forgets the leaf, and registers it again under its worker's name.
  await it.old.client((client) =>
    client.query(`select * from pgq_node.unregister_subscriber('shop', 'new')`),
  );
  expect((await status(it.shop.context('old'), {})).result.queues[0]?.nodes[1]?.problems).toContainEqual(
    expect.objectContaining({ code: 'subscription-missing', message: expect.stringContaining(worker) }),
  );
  await tickNow(it);
  await resync(it.shop.context('old'), resyncInput.parse({ all: true }));
  await followUntilSynced(it);
  await expectEqual(it.old, it.new, ['items']);
});

test('status of a node without the schema pgtide says so', async () => {
  const it = await databases();
  await it.old.client(async (root) => {
    await installSql(root);
    await makeRoot(root);
    await root.query('drop schema pgtide cascade');
  });
  const { result } = await status(it.shop.context('old'), {});
  expect(result.queues[0]?.nodes[0]?.problems).toEqual([
    {
      code: 'node-missing',
      message: 'old: this database is a node of the queue shop, but does not have the schema pgtide',
      remedy: 'run: pgtide init shop',
    },
  ]);
  await expect(
    it.old.client((client) => client.query('select pgtide.next_batch(null, null, 1)')),
  ).rejects.toMatchObject({
    remedy: expect.stringContaining('pgtide init'),
  });
});
