/** install creates nodes once. The same run again changes nothing, and a contradiction changes nothing at all. */
import { expect, test } from 'vitest';
import { listConsumers } from '../../lib/pgq/consumer-info.ts';
import { getQueueInfo } from '../../lib/pgq/queue.ts';
import { findNode } from '../../lib/topology/local-node.ts';
import { install } from '../../lib/units/install.ts';
import { createDatabase, postgres, type TestDatabase } from '../support/database.ts';
import { cascade } from '../support/unit-context.ts';

async function empty(version: number): Promise<TestDatabase> {
  return createDatabase(await postgres(version));
}

async function emptyPair(): Promise<{ old: TestDatabase; new: TestDatabase }> {
  const [provider, subscriber] = await Promise.all([empty(13), empty(17)]);
  return { old: provider, new: subscriber };
}

test('install makes two empty databases a root and a leaf', async () => {
  const nodes = await emptyPair();
  const shop = cascade('shop', nodes, { tickSeconds: 5, rotationSeconds: 3600 });
  const { outcome, result } = await install(shop.context('old'), {});
  expect(outcome).toEqual({ kind: 'done' });
  expect(result.nodes.map(({ name, type }) => [name, type])).toEqual([
    ['old', 'root'],
    ['new', 'leaf'],
  ]);
  const root = await nodes.old.client((client) => findNode(client, 'shop'));
  expect(root).toMatchObject({ type: 'root', name: 'old', provider: 'old', workerName: 'shop.old' });
  const leaf = await nodes.new.client((client) => findNode(client, 'shop'));
  expect(leaf).toMatchObject({ type: 'leaf', name: 'new', provider: 'old', workerName: 'shop.new' });
  const consumers = await nodes.old.client((client) => listConsumers(client, 'shop'));
  expect(consumers.find(({ name }) => name === 'shop.new')?.lastTick).toBe(leaf?.tick);
  expect(consumers.map(({ name }) => name)).toContain('.new.watermark');
  const queue = await nodes.old.client((client) => getQueueInfo(client, 'shop'));
  expect(queue).toMatchObject({ tickerMaxLagSeconds: 5, rotationPeriodSeconds: 3600 });
});

const locationsOf = (database: TestDatabase) =>
  database.client((client) =>
    client.query<{ name: string; location: string }>(
      'select node_name as name, node_location as location from pgq_node.node_location order by 1',
    ),
  );

test('a location is what libpq reads, and holds no password', async () => {
  const nodes = await emptyPair();
  await install(cascade('shop', nodes).context('old'), {});
  const dsn = ({ server, name, owner }: TestDatabase) =>
    `host=${server.host} port=${server.port} dbname=${name} user=${owner} sslmode=disable`;
  for (const database of [nodes.old, nodes.new])
    expect(await locationsOf(database)).toEqual([
      { name: 'new', location: dsn(nodes.new) },
      { name: 'old', location: dsn(nodes.old) },
    ]);
});

test('install again replaces locations that lead nowhere, and leaves what others have registered', async () => {
  const nodes = await emptyPair();
  const shop = cascade('shop', nodes);
  await install(shop.context('old'), {});
  const right = await locationsOf(nodes.old);
  for (const database of [nodes.old, nodes.new])
    await database.client((client) =>
      client.query(`update pgq_node.node_location set node_location =
        case node_name when 'old' then 'service=theirs' else 'node:' || node_name end`),
    );
  await install(shop.context('old'), {});
  for (const database of [nodes.old, nodes.new])
    expect(await locationsOf(database)).toEqual([right[0], { name: 'old', location: 'service=theirs' }]);
  const { result } = await install(shop.context('old'), {});
  expect(result.nodes.map(({ done }) => done)).toEqual([[], []]);
});

test('install again changes nothing', async () => {
  const nodes = await emptyPair();
  const shop = cascade('shop', nodes);
  await install(shop.context('old'), {});
  const before = await nodes.new.client((client) => findNode(client, 'shop'));
  const { result } = await install(shop.context('old'), {});
  expect(result.nodes.map(({ done }) => done)).toEqual([[], []]);
  expect(await nodes.new.client((client) => findNode(client, 'shop'))).toEqual(before);
});

test("an install that ended between the two sides goes on at the provider's position", async () => {
  const nodes = await emptyPair();
  const shop = cascade('shop', nodes);
  await install(shop.context('old'), {});
  await nodes.new.client((client) => client.query(`select * from pgq_node.drop_node('shop', 'new')`));
  await nodes.old.client((client) => client.query(`select pgq.force_tick('shop'), pgq.ticker('shop')`));
  await install(shop.context('old'), {});
  const leaf = await nodes.new.client((client) => findNode(client, 'shop'));
  const consumers = await nodes.old.client((client) => listConsumers(client, 'shop'));
  expect(consumers.find(({ name }) => name === 'shop.new')?.lastTick).toBe(leaf?.tick);
});

test('a second leaf joins later, and can be installed alone', async () => {
  const nodes = await emptyPair();
  await install(cascade('shop', nodes).context('old'), {});
  const third = await empty(17);
  const { result } = await install(cascade('shop', { ...nodes, third }).context('old'), { nodes: ['third'] });
  expect(result.nodes.map(({ name }) => name)).toEqual(['third']);
  expect(await third.client((client) => findNode(client, 'shop'))).toMatchObject({ provider: 'old' });
});

test('a node that has another role already is refused before anything changes', async () => {
  const nodes = await emptyPair();
  await install(cascade('shop', nodes).context('old'), {});
  const fresh = await empty(17);
  const turned = cascade('shop', { fresh, new: nodes.new });
  await expect(install(turned.context('fresh'), {})).rejects.toMatchObject({
    kind: 'state',
    message: 'new is already a node of the queue shop, but it follows old, and should follow fresh',
  });
  expect(await fresh.client((client) => client.first(`select to_regclass('pgq.queue') as it`))).toEqual({
    it: null,
  });
});

test('two nodes that are one database are refused', async () => {
  const database = await empty(17);
  const same = { url: database.url.replace('127.0.0.1', 'localhost'), target: database.target };
  await expect(
    install(cascade('shop', { old: database, new: same }).context('old'), {}),
  ).rejects.toMatchObject({
    kind: 'input',
    message: 'old and new are the same database',
  });
  const schemas = await database.client((client) =>
    client.query(`select nspname from pg_namespace where nspname like 'pgq%'`),
  );
  expect(schemas).toEqual([]);
});

test('a node that the queue does not have is refused, and so is a queue that is not configured', async () => {
  const nodes = await emptyPair();
  const shop = cascade('shop', nodes);
  await expect(install(shop.context('old'), { nodes: ['nix'] })).rejects.toMatchObject({
    kind: 'input',
    remedy: 'its nodes are: old, new',
  });
  await expect(install(shop.context('old', { queue: 'nix' }), {})).rejects.toMatchObject({ kind: 'input' });
});

test('leaves cannot be installed before their root', async () => {
  const nodes = await emptyPair();
  await expect(install(cascade('shop', nodes).context('old'), { nodes: ['new'] })).rejects.toMatchObject({
    kind: 'state',
    remedy: 'install old first',
  });
});
