/** status: healthy means that nothing needs a person. Each thing that does makes it unhealthy, with the remedy. */
import { beforeEach, expect, test } from 'vitest';
import { statusLines } from '../../lib/cli/status-command.ts';
import { PgtideError } from '../../lib/errors.ts';
import { addTable, addTableInput } from '../../lib/units/add-table.ts';
import { type StatusResult, status } from '../../lib/units/status.ts';
import { tick } from '../../lib/units/tick.ts';
import { cascade, type InstalledPair, installedPair } from '../support/unit-context.ts';

let it: InstalledPair;
beforeEach(async () => {
  it = await installedPair({ provider: 17, subscriber: 17 });
  await it.both('create table items (id serial primary key, name text)');
  await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['items'], expectSync: true }));
  await leafCatchesUp();
});

const read = async (): Promise<StatusResult> => (await status(it.shop.context('old'), {})).result;

const codes = (result: StatusResult) =>
  result.queues.flatMap(({ nodes }) => nodes.flatMap((node) => node.problems.map((problem) => problem.code)));

const onOld = (sql: string, values?: unknown[]) => it.old.client((client) => client.query(sql, values));
const onNew = (sql: string, values?: unknown[]) => it.new.client((client) => client.query(sql, values));

/** Does what replay does, but without rows. */
async function leafCatchesUp(): Promise<void> {
  await onOld(`select pgq.force_tick('shop')`);
  await onOld(`select pgq.ticker('shop')`);
  const [last] = await onOld(`select max(tick_id) as tick from pgq.tick`);
  await onOld(`select pgq.register_consumer_at('shop', 'shop.new', $1)`, [last?.tick]);
  await onNew(`select * from pgq_node.set_consumer_completed('shop', 'shop.new', $1)`, [last?.tick]);
}

test('a pair without problems is healthy, and has this shape', async () => {
  const result = await read();
  const informed = result.queues[0]?.nodes.map(({ problems }) => problems.map(({ code }) => code));
  expect(informed).toEqual([[], ['no-replica-role']]);
  expect(result).toEqual({
    healthy: true,
    queues: [
      {
        name: 'shop',
        ticker: { lagSeconds: expect.any(Number) },
        events: { pending: 0 },
        nodes: [
          {
            name: 'old',
            type: 'root',
            provider: null,
            lagSeconds: 0,
            tick: expect.any(Number),
            tables: [
              { name: 'public.items', state: 'ok', copiedRows: 0, totalRowsEstimate: null, error: null },
            ],
            sequences: [],
            problems: [],
          },
          {
            name: 'new',
            type: 'leaf',
            provider: 'old',
            lagSeconds: 0,
            tick: expect.any(Number),
            tables: [
              { name: 'public.items', state: 'ok', copiedRows: 0, totalRowsEstimate: null, error: null },
            ],
            sequences: [
              {
                name: 'public.items_id_seq',
                providerValue: expect.any(Number),
                subscriberValue: expect.any(Number),
              },
            ],
            problems: [expect.objectContaining({ code: 'no-replica-role' })],
          },
        ],
      },
    ],
  });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

test('events that wait are counted, and age as lag', async () => {
  await onOld(`insert into items (name) values ('a'), ('b')`);
  await onOld(`update pgq.tick set tick_time = tick_time - interval '100 seconds'`);
  const [queue] = (await read()).queues;
  expect(queue?.events.pending).toBe(2);
  expect(queue?.nodes[1]?.lagSeconds).toBeGreaterThan(99);
});

test('an old tick is stale', async () => {
  await onOld(`update pgq.tick set tick_time = tick_time - interval '10 minutes'`);
  const result = await read();
  expect(result.healthy).toBe(false);
  expect(codes(result)).toContain('ticker-stale');
  expect(await tick(it.shop.context('old'))).toEqual({ kind: 'applied' });
  expect(codes(await read())).not.toContain('ticker-stale');
});

test('a paused ticker is reported', async () => {
  await onOld(`select pgq.set_queue_config('shop', 'ticker_paused', '1')`);
  expect(codes(await read())).toContain('ticker-paused');
});

test('a disabled capture is reported', async () => {
  await onOld('alter table items disable trigger user');
  const result = await read();
  expect(result.healthy).toBe(false);
  expect(codes(result)).toContain('trigger-disabled');
});

test('a recreated table is reported', async () => {
  await onOld('drop table items; create table items (id serial primary key, name text)');
  expect(codes(await read())).toContain('trigger-missing');
});

test('a column that only the root has is reported', async () => {
  await onOld('alter table items add column price numeric');
  const result = await read();
  expect(result.healthy).toBe(false);
  expect(codes(result)).toContain('structure-drift');
});

test('a table that the leaf lost is reported', async () => {
  await onNew('drop table items');
  expect(codes(await read())).toContain('table-missing');
});

test('a table set aside shows its error', async () => {
  await onNew(`insert into pgtide.table_state (queue_name, table_name, error) values ('shop', 'public.items', 'no such column')
    on conflict (queue_name, table_name) do update set error = excluded.error`);
  const result = await read();
  expect(result.queues[0]?.nodes[1]?.tables[0]?.error).toBe('no such column');
  expect(codes(result)).toContain('table-error');
});

test('events whose rows differed are reported', async () => {
  await onNew(`insert into pgtide.table_stats (queue_name, table_name, missing) values ('shop', 'public.items', 3)
    on conflict (queue_name, table_name) do update set missing = 3`);
  const result = await read();
  expect(result.healthy).toBe(false);
  expect(codes(result)).toContain('rows-differed');
});

test('a copy that no run continues is reported', async () => {
  await onNew(
    `insert into pgtide.table_state (queue_name, table_name) values ('shop', 'public.items') on conflict do nothing`,
  );
  await onNew(`insert into pgtide.copy_chunk (queue_name, table_name, chunk_no, state, announced_at)
    values ('shop', 'public.items', 0, 'announced', now() - interval '11 minutes')`);
  expect(codes(await read())).toContain('copy-stale');
});

test('a batch that is visible in part is reported, and is healthy', async () => {
  await onNew(`insert into pgtide.replay_state (queue_name, consumer_name, slice_tick, slice_ev_id) values ('shop', 'shop.new', 9, 99)
    on conflict (queue_name, consumer_name) do update set slice_tick = 9, slice_ev_id = 99`);
  const result = await read();
  expect(codes(result)).toContain('batch-in-slices');
  expect(result.healthy).toBe(true);
});

test('a leaf far behind is stale', async () => {
  await onOld(`insert into items (name) values ('a')`);
  await onOld(`update pgq.tick set tick_time = tick_time - interval '2 hours'`);
  await onOld(`select pgq.force_tick('shop')`);
  await onOld(`select pgq.ticker('shop')`);
  expect(codes(await read())).toContain('replay-stale');
});

test('a position that the provider does not share is lost', async () => {
  await onOld(`select pgq.register_consumer_at('shop', 'shop.new', 1)`);
  const result = await read();
  expect(result.healthy).toBe(false);
  expect(codes(result)).toContain('position-lost');
});

test('a leaf that has applied a batch and not finished it on the provider is on track', async () => {
  await onOld(`insert into items (name) values ('a')`);
  await onOld(`select pgq.force_tick('shop')`);
  await onOld(`select pgq.ticker('shop')`);
  const [batch] = await onOld(`select cur_tick_id as tick from pgq.next_batch_info('shop', 'shop.new')`);
  await onNew(`select * from pgq_node.set_consumer_completed('shop', 'shop.new', $1)`, [batch?.tick]);
  expect(codes(await read())).not.toContain('position-lost');
});

test('a consumer that was unregistered is reported', async () => {
  await onOld(`select * from pgq_node.unregister_subscriber('shop', 'new')`);
  expect(codes(await read())).toContain('subscription-missing');
});

test('event tables that cannot rotate are reported with their blockers and their size', async () => {
  await onOld(`select pgq.register_consumer('shop', 'forgotten')`);
  await onOld(`update pgq.subscription set sub_last_tick = 1 where sub_consumer =
    (select co_id from pgq.consumer where co_name = 'forgotten')`);
  await onOld(
    `update pgq.queue set queue_switch_time = now() - interval '1 day', queue_switch_step2 = txid_current()`,
  );
  const result = await read();
  const problem = result.queues[0]?.nodes[0]?.problems.find(({ code }) => code === 'rotation-blocked');
  expect(problem?.message).toMatch(/have not rotated for 24.0 hours .* MB: the consumer \S+ is/);
  expect(result.healthy).toBe(false);
});

test('a revoked right is reported with the GRANT', async () => {
  await onOld('revoke trigger on items from app');
  const problem = (await read()).queues[0]?.nodes[0]?.problems[0];
  expect(problem).toMatchObject({
    code: 'privilege-missing',
    remedy: 'grant trigger on "public"."items" to "app"',
  });
});

test('a leaf that cannot be reached is a problem of its own; the root is still shown', async () => {
  const gone = { ...it.new, target: { ...it.new.target, port: 1 } };
  const shop = cascade('shop', { old: it.old, new: gone });
  const { result } = await status(shop.context('old'), {});
  expect(result.healthy).toBe(false);
  expect(result.queues[0]?.nodes.map(({ name, tick }) => [name, tick])).toEqual([
    ['old', expect.any(Number)],
    ['new', null],
  ]);
  expect(codes(result)).toEqual(['node-unreachable']);
});

test('a root that cannot be reached is a problem of its own; the leaf is still shown', async () => {
  const gone = { ...it.old, target: { ...it.old.target, port: 1 } };
  const shop = cascade('shop', { old: gone, new: it.new });
  const { result } = await status(shop.context('old'), {});
  expect(result.queues[0]?.ticker).toEqual({ lagSeconds: null });
  expect(result.queues[0]?.events).toEqual({ pending: null });
  expect(statusLines(result).slice(0, 2)).toEqual([
    'shop: ticks unknown, events unknown',
    '├─ old (root): not read',
  ]);
  expect(result.queues[0]?.nodes[1]?.tables).toHaveLength(1);
  expect(codes(result)).toContain('node-unreachable');
});

test('a root that accepts one connection at a time can be compared with', async () => {
  await onOld('alter table items add price numeric');
  for (const first of ['compare', 'read'] as const) {
    const context = it.shop.context('old');
    let open = 0;
    const connect: typeof context.connect = async (node, work, options) => {
      if (node !== 'old') return context.connect(node, work, options);
      // Either of the two may come first.
      if (first === 'compare' && open === 0) await new Promise(setImmediate);
      if (open > 0) throw new PgtideError('connection', 'one too many');
      open++;
      return context.connect(node, work, options).finally(() => open--);
    };
    const { result } = await status({ ...context, connect }, {});
    expect(codes(result), first).toContain('structure-drift');
    expect(codes(result), first).not.toContain('node-unreachable');
  }
});

test('leaves that cannot be compared are shown, and the root says why', async () => {
  const context = it.shop.context('old');
  let connections = 0;
  const connect: typeof context.connect = (node, work, options) => {
    if (node === 'old' && ++connections > 1)
      return Promise.reject(new PgtideError('connection', 'one too many'));
    return context.connect(node, work, options);
  };
  const { result } = await status({ ...context, connect }, {});
  expect(result.healthy).toBe(false);
  expect(result.queues[0]?.nodes).toMatchObject([
    { tick: expect.any(Number), problems: [{ code: 'node-unreachable', message: 'one too many' }] },
    { tick: expect.any(Number), tables: [{ name: 'public.items' }] },
  ]);
});

test('if the root cannot be read, the leaves are still shown', async () => {
  await it.old.superuser((client) =>
    client.query(`alter schema pgtide owner to postgres; revoke usage on schema pgtide from ${it.old.owner}`),
  );
  const { queues } = await read();
  expect(queues[0]?.nodes[0]?.problems).toMatchObject([{ code: 'privilege-missing' }]);
  expect(queues[0]?.nodes[1]).toMatchObject({ tick: expect.any(Number), tables: [{ name: 'public.items' }] });
});

test('a table that is renamed is missing, and its capture is not called left behind', async () => {
  await onOld('alter table items rename to things');
  expect(codes(await read())).toContain('table-missing');
  expect(codes(await read())).not.toContain('capture-left');
});

test('of two tables of the same name, the replicated one is looked at', async () => {
  await it.both('create schema a; create schema "a.b"; create table a."b.c" (id int primary key, x text)');
  await addTable(it.shop.context('old'), addTableInput.parse({ tables: ['a.b.c'], expectSync: true }));
  await onOld('create table "a.b".c (id text primary key, x varchar(3))');
  await leafCatchesUp();
  expect(codes(await read())).not.toContain('structure-drift');
});
