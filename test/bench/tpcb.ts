/**
 * The application's rate in pgbench's TPC-B: five statements a transaction on four tables, one of which, the history, has
 * no key.
 */
import { C_TRIGGER, captureWithPgq, NONE } from './capture-peers.ts';
import { type Bench, type BenchCase, type BenchResult, scaled } from './case.ts';
import { type BenchDatabase, createDatabase, emptyEventTables, settle, vacuum } from './database.ts';
import { inTurn, judged, type Medians, medianOf, peersOf, type Side } from './measure.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { QUEUE } from './pgtide-runner.ts';
import { pgbenchEnvironment, run, runPgbench } from './single-row.ts';

/** pgbench's factor: 100,000 accounts for each. */
const SCALE = 50;
const CLIENTS = 2;
const SECONDS = 10;
const EVENTS_OF_ONE = 4;
const TRIED = 10;
const captured = ['accounts', 'tellers', 'branches', 'history'].map((table) => `public.pgbench_${table}`);
/** The tables of all sides stay in memory, so that no side reads what another one has put out of it. */
const settings = { shared_buffers: "'3GB'" };

export const tpcb: BenchCase = {
  name: 'tpcb',
  minutes: 3,
  async run(bench) {
    const { pgbench } = bench.build;
    if (!pgbench) return [];
    const sides = await prepareSides(bench, pgbench);
    const medians = await inTurn(
      bench,
      'tpcb',
      sides.map(({ name, database }): Side => ({ name, run: () => measure(bench, pgbench, database) })),
    );
    return resultsOf(medians);
  },
};

interface TpcbSide {
  name: string;
  database: BenchDatabase;
}

async function prepareSides(bench: Bench, pgbench: string): Promise<TpcbSide[]> {
  const server = await bench.server(settings);
  const filled = await createDatabase(server, 'filled');
  const scale = scaled(bench, SCALE, CLIENTS);
  await run(pgbench, ['-i', '-q', '-s', `${scale}`, filled.name], pgbenchEnvironment(filled));
  const make = (name: string) => createDatabase(server, name, { template: filled.name });
  const ours = await make('ours');
  const pair = await createPgtidePair(ours, await createDatabase(server, 'leaf'));
  await addTables(pair, captured, { create: true });
  await demandEvents(pgbench, ours);
  const sides = [
    { name: NONE, database: await make('nothing') },
    { name: 'pgtide', database: ours },
  ];
  if (bench.build.pgq) {
    const database = await make('pgq');
    await captureWithPgq(database, { queue: QUEUE, tables: captured });
    await demandEvents(pgbench, database);
    sides.push({ name: C_TRIGGER, database });
  }
  return sides;
}

/** Fails if a side does not capture all changes: its rate would be worthless. */
async function demandEvents(pgbench: string, database: BenchDatabase): Promise<void> {
  const tick = `select pgq.force_tick('${QUEUE}'); select pgq.ticker('${QUEUE}')`;
  await database.administer(`${tick}; select pgq.register_consumer('${QUEUE}', 'counter')`);
  await run(pgbench, ['-n', '-t', `${TRIED}`, database.name], pgbenchEnvironment(database));
  await database.administer(tick);
  const row = await database.asSuperuser((client) =>
    client.first<{ events: bigint }>(
      `select count(*) as events from pgq.get_batch_events(pgq.next_batch('${QUEUE}', 'counter'))`,
    ),
  );
  if (row?.events !== BigInt(EVENTS_OF_ONE * TRIED))
    throw new Error(`${database.name}: ${row?.events} events of ${TRIED} transactions`);
  await database.administer(`select pgq.unregister_consumer('${QUEUE}', 'counter')`);
}

async function measure(
  bench: Bench,
  pgbench: string,
  database: BenchDatabase,
): Promise<Record<string, number>> {
  await emptyEventTables(database);
  await vacuum(database, captured);
  await settle(database);
  const seconds = Math.max(1, SECONDS * bench.scale);
  const { perSecond, p50Ms, p99Ms } = await runPgbench(bench, pgbench, database, {
    what: ['-b', 'tpcb-like'],
    clients: CLIENTS,
    seconds,
  });
  return { perSecond, p50Ms, p99Ms };
}

/** A line for each peer that a goal names. */
function resultsOf(medians: Medians): BenchResult[] {
  const line = (least: number, against: string) =>
    judged({
      name: `tpcb: pgbench TPC-B at full speed, ${CLIENTS} clients, against ${against}`,
      unit: '1/s',
      ours: medianOf(medians, 'pgtide', 'perSecond'),
      peers: peersOf(medians, 'perSecond'),
      goal: { least, against },
    });
  return [line(0.75, NONE), line(1.15, C_TRIGGER)];
}
