/** What a scheduled function costs for each pair that it serves. */
import type { Context } from 'aws-lambda';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { LeaseStore } from '../../lib/lease/lease-store.ts';
import { startLocalDynamoDb } from '../../lib/lease/local-dynamodb.ts';
import { locationOf, registerLocation } from '../../lib/node/location.ts';
import { makeTick } from '../../lib/pgq/ticker.ts';
import type { Environment } from '../../lib/runtime/environment.ts';
import { scheduledHandler } from '../../lib/runtime/scheduled-handler.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import { createNode, newWorkerName, registerSubscriber } from '../../lib/topology/local-node.ts';
import type { Unit } from '../../lib/unit-context/context.ts';
import type { UnitName } from '../../lib/unit-context/registry.ts';
import { copy } from '../../lib/units/copy.ts';
import { maintain } from '../../lib/units/maintain.ts';
import { replay } from '../../lib/units/replay.ts';
import { tick } from '../../lib/units/tick.ts';
import type { Bench, BenchResult } from './case.ts';
import { type BenchDatabase, createDatabase } from './database.ts';
import { Costs, sizesUpTo } from './growth.ts';
import { seconds } from './measure.ts';
import { createPgtidePair } from './pgtide-pair.ts';

const MAX_PAIRS = 1_000;
const scheduledUnits: readonly (readonly [UnitName, Unit])[] = [
  ['tick', tick],
  ['replay', replay],
  ['copy', copy],
  ['maintain', maintain],
];
/** The time of an invocation. The next one serves the pairs that this one does not reach. */
const MAX_MS = 20_000;
const queueName = (nr: number) => `pair_${nr}`;

/** The pairs share two databases: a thousand databases would measure PostgreSQL's memory. */
export async function scalePairs(bench: Bench): Promise<BenchResult[]> {
  const costs = new Costs(bench);
  const server = await bench.server({ max_locks_per_transaction: '1024' });
  const [root, leaf] = [await createDatabase(server, 'root'), await createDatabase(server, 'leaf')];
  await createPgtidePair(root, leaf);
  const dynamo = await startLocalDynamoDb();
  bench.onEnd(() => dynamo.stop());
  const nameOf = (unit: UnitName) => `an idle pair's part of ${unit}, against pairs`;
  let there = 0;
  for (const size of sizesUpTo(bench, MAX_PAIRS)) {
    await makePairs({ root, leaf }, there, size);
    there = size;
    const environment = environmentOf({ root, leaf }, size, dynamo.store());
    for (const [name, unit] of scheduledUnits) {
      const handler = scheduledHandler({ name, unit, environment });
      await costs.note(nameOf(name), size, () => costPerPair(handler), 1);
    }
  }
  return scheduledUnits.map(([name]) => costs.result(nameOf(name), 'flat'));
}

interface Databases {
  root: BenchDatabase;
  leaf: BenchDatabase;
}

function makePairs({ root, leaf }: Databases, from: number, to: number): Promise<void> {
  return root.asOwner((upstream) =>
    leaf.asOwner(async (client) => {
      for (let nr = from; nr < to; nr++) {
        const queue = queueName(nr);
        const at = { old: locationOf(upstream), new: locationOf(client) };
        const worker = { old: newWorkerName(queue, 'old'), new: newWorkerName(queue, 'new') };
        await registerLocation(upstream, queue, { node: 'old', location: at.old });
        await createNode(upstream, {
          queue,
          type: 'root',
          node: 'old',
          worker: worker.old,
          provider: null,
          position: null,
        });
        await registerLocation(upstream, queue, { node: 'new', location: at.new });
        const position = await makeTick(upstream, queue);
        await registerSubscriber(upstream, queue, { node: 'new', worker: worker.new, tick: position });
        await registerLocation(client, queue, { node: 'old', location: at.old });
        await registerLocation(client, queue, { node: 'new', location: at.new });
        await createNode(client, {
          queue,
          type: 'leaf',
          node: 'new',
          worker: worker.new,
          provider: 'old',
          position,
        });
      }
    }),
  );
}

function environmentOf({ root, leaf }: Databases, pairs: number, store: LeaseStore): Environment {
  const queues = Array.from({ length: pairs }, (_, nr) => [queueName(nr), { root: 'old', leaves: ['new'] }]);
  const config = parseConfig(
    JSON.stringify({
      nodes: { old: { url: root.url }, new: { url: leaf.url } },
      queues: Object.fromEntries(queues),
    }),
  );
  return {
    clock: systemClock,
    log: () => undefined,
    secrets: createSecretReader(),
    config: () => config,
    leaseStore: () => store,
  };
}

/** The first invocations find something to do. This number of them must be enough to finish it. */
const MAX_BUSY = 10;

/** One invocation, for as many pairs as its time allows, when there is nothing to do. */
async function costPerPair(handler: ReturnType<typeof scheduledHandler>): Promise<number> {
  const invoke = () =>
    handler({}, { awsRequestId: `${Math.random()}`, getRemainingTimeInMillis: () => MAX_MS } as Context);
  for (let nr = 0; nr < MAX_BUSY; nr++) {
    const { runs } = await invoke();
    if (runs.every(({ outcome }) => outcome !== 'applied')) break;
  }
  let served = 0;
  const taken = await seconds(async () => {
    served = (await invoke()).runs.length;
  });
  return (1000 * taken) / served;
}
