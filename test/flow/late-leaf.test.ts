/**
 * A leaf that joins a queue in use begins at the queue's newest tick. Its tables are copied, so it needs no earlier event.
 * It does not meet what the other leaves met long ago: events that replay cannot handle, and removals of tables.
 */
import { expect, it } from 'vitest';
import { listTables } from '../../lib/membership/member-tables.ts';
import { listLocations } from '../../lib/node/location.ts';
import { getQueueInfo } from '../../lib/pgq/queue.ts';
import { findNode } from '../../lib/topology/local-node.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { copy } from '../../lib/units/copy.ts';
import { install } from '../../lib/units/install.ts';
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { replay } from '../../lib/units/replay.ts';
import { resync, resyncInput } from '../../lib/units/resync.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { aside, send, shopWith, write } from '../support/unhandled.ts';
import { cascade } from '../support/unit-context.ts';

/** A root with a leaf that has met an event that it cannot handle, and the removal of a table that is followed again. */
async function queueInUse() {
  const pair = await shopWith();
  await write(pair, `insert into t values (1, 'old'); insert into u values (1, 'old')`);
  await send(pair, 'hello', 'x');
  await removeTable(pair.shop.context('old'), removeTableInput.parse({ tables: ['u'] }));
  await replayAll(pair);
  await pair.new.client((client) => client.query('truncate u'));
  await addTables(pair, ['u']);
  await followUntilSynced(pair);
  expect(await aside(pair)).toHaveLength(1);

  const late = await createDatabase(await postgres(13));
  await late.client((client) =>
    client.query('create table t (id int primary key, v text); create table u (id int primary key, v text)'),
  );
  const shop = cascade('shop', { old: pair.old, new: pair.new, late });
  const follow = async () => {
    for (let round = 0; round < 5; round += 1) {
      await copy(shop.context('late'));
      await tickNow(pair);
      await replay(shop.context('late'));
    }
    const tables = await late.client((client) => listTables(client, 'shop'));
    expect(tables.filter(({ local }) => local)).toMatchObject([
      { name: 'public.t', mergeState: 'ok' },
      { name: 'public.u', mergeState: 'ok' },
    ]);
    await expectEqual(pair.old, late, ['t', 'u']);
    expect(await aside({ ...pair, new: late })).toEqual([]);
  };
  const positions = async () => ({
    newest: (await pair.old.client((client) => getQueueInfo(client, 'shop')))?.lastTick,
    late: (await late.client((client) => findNode(client, 'shop')))?.tick,
  });
  return { pair, late, shop, follow, positions };
}

it('a leaf that joins gets no earlier event, and loses none that commits meanwhile', async () => {
  const { pair, late, shop, follow, positions } = await queueInUse();
  await using writer = await pair.old.open();
  await writer.client.query(`begin; insert into t values (2, 'open at the tick where it begins')`);
  await tickNow(pair);
  await install(shop.context('old'), {});
  const at = await positions();
  expect(at.late).toBe(at.newest);
  expect(
    (await late.client((client) => listLocations(client, 'shop'))).map(({ node }) => node).sort(),
  ).toEqual(['late', 'new', 'old']);
  await write(pair, `insert into u values (2, 'before it is added')`);
  await writer.client.query('commit');
  await addTable(shop.context('old'), addTableInput.parse({ tables: ['t', 'u'] }));
  await write(pair, `update u set v = 'after it was added'; insert into t values (3, 'new')`);
  await follow();
});

it('a leaf whose subscription is gone goes on there, too, once all is copied again', async () => {
  const { pair, late, shop, follow, positions } = await queueInUse();
  await install(shop.context('old'), {});
  await addTable(shop.context('old'), addTableInput.parse({ tables: ['t', 'u'] }));
  await follow();
  await pair.old.client((client) => client.query(`select pgq_node.unregister_subscriber('shop', 'late')`));
  await send(pair, 'hello', 'y');
  await pair.old.client((client) =>
    client.query(`select pgq_node.register_location('shop', 'fourth', 'dbname=fourth', false)`),
  );
  await tickNow(pair);
  await write(pair, `update t set v = 'after the tick'`);
  await resync(shop.context('old'), resyncInput.parse({ all: true }));
  const at = await positions();
  expect(at.late).toBe(at.newest);
  expect(await late.client((client) => listLocations(client, 'shop'))).toHaveLength(4);
  await follow();
});
