/** maintain: event tables rotate once no consumer needs them, and a part that fails does not keep the others from running. */
import { beforeAll, expect, test } from 'vitest';
import { listSubscribers } from '../../lib/topology/local-node.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';
import { until } from '../support/until.ts';

let it: InstalledPair;
beforeAll(async () => {
  it = await installedPair();
});

const queueRow = async () =>
  it.old.client((client) =>
    client.first<{ current: number; complete: boolean }>(
      `select queue_cur_table as current, queue_switch_step2 is not null as complete from pgq.queue`,
    ),
  );

/** As if `seconds` had gone by since the last rotation. */
const age = (seconds: number) =>
  it.old.client((client) =>
    client.query(`update pgq.queue set queue_switch_time = now() - make_interval(secs => $1)`, [seconds]),
  );

/** Does what replay does, but without rows: the leaf completes the newest tick. */
async function leafCatchesUp(): Promise<void> {
  const tick = await it.old.client(async (client) => {
    await client.query(`select pgq.force_tick('shop')`);
    await client.query(`select pgq.ticker('shop')`);
    const { tick } =
      (await client.first<{ tick: bigint }>(`select max(tick_id) as tick from pgq.tick`)) ?? {};
    await client.query(`select pgq.register_consumer_at('shop', 'shop.new', $1)`, [tick]);
    return tick;
  });
  await it.new.client((client) =>
    client.query(`select * from pgq_node.set_consumer_completed('shop', 'shop.new', $1)`, [tick]),
  );
}

test("the leaf's position is reported to its provider as its watermark", async () => {
  await leafCatchesUp();
  const [before] = await it.old.client((client) => listSubscribers(client, 'shop'));
  expect(await maintain(it.shop.context('old'))).toEqual({ kind: 'done' });
  const [after] = await it.old.client((client) => listSubscribers(client, 'shop'));
  expect(after?.watermark).toBeGreaterThan(before?.watermark ?? 0n);
});

test('with nothing to do it is idle', async () => {
  expect(await maintain(it.shop.context('old'))).toEqual({ kind: 'idle' });
});

test('event tables rotate, both steps in one run', async () => {
  const before = await queueRow();
  // They rotate only when a tick is past all writers, including those of the server's other databases.
  const after = await until('the queue is rotated', async () => {
    await leafCatchesUp();
    await maintain(it.shop.context('old'));
    await it.old.client((client) => client.query(`select pgq_node.set_global_watermark('shop', null)`));
    await age(8000);
    await maintain(it.shop.context('old'));
    const row = await queueRow();
    return row?.current === before?.current ? undefined : row;
  });
  expect(after).toEqual({ current: ((before?.current ?? 0) + 1) % 3, complete: true });
});

test('a queue outside of the configuration is rotated too; one of the configuration waits for its own run', async () => {
  await it.old.client((client) =>
    client.query(`select pgq.create_queue('mail'), pgq.create_queue('orders')`),
  );
  await age(8000);
  const context = it.shop.context('old');
  const { shop } = context.config.queues;
  if (!shop) throw new Error('shop is configured');
  const rotated = () =>
    it.old.client((client) =>
      client.query<{ name: string; current: number }>(
        `select queue_name as name, queue_cur_table as current from pgq.queue where queue_name <> 'shop' order by 1`,
      ),
    );
  // A queue without consumers waits for older writers, including those of the server's other databases.
  await until('mail is rotated', async () => {
    await maintain({ ...context, config: { ...context.config, queues: { shop, orders: shop } } });
    return (await rotated())[0]?.current === 1;
  });
  expect(await rotated()).toEqual([
    { name: 'mail', current: 1 },
    { name: 'orders', current: 0 },
  ]);
  await it.old.client((client) => client.query(`select pgq.drop_queue('mail'), pgq.drop_queue('orders')`));
});

test('a changed configuration reaches the queue', async () => {
  const slower = cascade('shop', { old: it.old, new: it.new }, { tickSeconds: 11, tickEvents: 777 });
  await maintain(slower.context('old'));
  const row = await it.old.client((client) =>
    client.first(`select queue_ticker_max_lag::text as lag, queue_ticker_max_count as count from pgq.queue`),
  );
  expect(row).toEqual({ lag: '00:00:11', count: 777 });
  await maintain(it.shop.context('old'));
});

test('the capture follows the shape of its table', async () => {
  await it.both('create table shaped (id int primary key)');
  await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['shaped'] }));
  await it.old.client((client) => client.query('alter table shaped add column more text'));
  const stale = () =>
    it.old.client((client) =>
      client.query(`select code from pgtide.capture_problems('shop') where table_name = 'public.shaped'`),
    );
  expect(await stale()).toEqual([{ code: 'capture-stale' }]);
  await maintain(it.shop.context('old'));
  expect(await stale()).toEqual([]);
});

test('events in the retry queue come back when they are due', async () => {
  await it.old.client(async (client) => {
    await client.query(`select pgq.register_consumer('shop', 'mail')`);
    await client.query(
      `select pgq.event_retry_raw('shop', 'mail', now(), null, now(), 1, 'again', 'x', null, null, null, null)`,
    );
  });
  await maintain(it.shop.context('old'));
  const left = await it.old.client((client) =>
    client.first(`select (select count(*) from pgq.retry_queue)::int as waiting,
      (select count(*) from pgq.event_template where ev_type = 'again')::int as returned`),
  );
  expect(left).toEqual({ waiting: 0, returned: 1 });
  await it.old.client((client) => client.query(`select pgq.unregister_consumer('shop', 'mail')`));
});

test('a leaf that is gone, and an operation that fails, are reported, and the rest is done', async () => {
  await it.old.client((client) =>
    client.query(`create function public.broken(text) returns int language plpgsql as $$ begin raise 'no luck'; end $$;
      update pgq.queue set queue_extra_maint = '{public.broken}'`),
  );
  await leafCatchesUp();
  const gone = { ...it.new, target: { ...it.new.target, port: 1 }, url: it.new.url.replace(/:\d+\//, ':1/') };
  const shop = cascade('shop', { old: it.old, new: gone }, { tickSeconds: 4 });
  const failed = await maintain(shop.context('old')).catch((error: Error) => error.message);
  expect(failed).toMatch(/^watermark of new: new/);
  expect(failed).toMatch(/public\.broken\(shop\): old: P0001 raise_exception: function (public\.)?broken/);
  expect(shop.counts.get('maintenanceFailures')).toBe(2);
  const row = await it.old.client((client) =>
    client.first(`select queue_ticker_max_lag::text as lag from pgq.queue`),
  );
  expect(row).toEqual({ lag: '00:00:04' });
});
