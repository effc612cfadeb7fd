/** What replay writes into the subscriber's catalogs, and how they grow if a transaction keeps their old rows. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, type BenchResult, scaled } from './case.ts';
import type { BenchDatabase } from './database.ts';
import { awaitOn } from './follower.ts';
import { grown } from './growth.ts';
import { judged } from './measure.ts';
import { addMany, makePair, type Pair, updateEach } from './scale-tables.ts';

const SIZES = [1, 10, 100];
/** Rows of each table that a slice changes: enough for replay to analyze what it stages. */
const ROWS = 120;
const COUNTED_RUNS = 10;
const GROWTH_TABLES = 10;
const GROWTH_RUNS = 200;
/** The first runs fill free space. */
const WARM_RUNS = 20;
/** The benchmark vacuums the catalog, because autovacuum is off on its servers. */
const RUNS_PER_VACUUM = 10;
/** Before PostgreSQL 15 the statistics collector shows counters up to 500 ms late. */
const COLLECTOR_MS = 1_200;

export async function scaleCatalog(bench: Bench): Promise<BenchResult[]> {
  return [await catalogRows(bench), await catalogGrowth(bench)];
}

/** Catalog table → rows that all sessions have inserted, updated and deleted. */
type Written = Map<string, number>;

async function catalogRows(bench: Bench): Promise<BenchResult> {
  const what = `catalog rows that a replay run writes on the subscriber, against tables of which ${ROWS} rows each change`;
  const pair = await makePair(bench);
  await addMany(pair, 0, Math.max(...SIZES), ROWS);
  const costs = new Map<number, number>();
  for (const tables of SIZES) {
    await runSlices(pair, tables, 1);
    const before = await readWritten(pair.leaf);
    await runSlices(pair, tables, COUNTED_RUNS);
    const perRun = differenceOf(before, await readWritten(pair.leaf));
    bench.say(`scale, ${what}, at ${tables}: ${shown(perRun)}`);
    costs.set(
      tables,
      [...perRun.values()].reduce((sum, written) => sum + written, 0),
    );
  }
  return grown({ what, unit: 'rows', claim: 'linear', costs });
}

async function runSlices({ root, runner }: Pair, tables: number, slices: number): Promise<void> {
  for (let nr = 0; nr < slices; nr++) {
    await root.run(updateEach(tables, ROWS));
    await runner.tick();
    await runner.replayUntilIdle();
  }
}

/** A session adds its counts at its end at the latest. Waits for that, and for counters that no longer change. */
async function readWritten(database: BenchDatabase): Promise<Written> {
  await awaitOn(database, 'the end of the other sessions', async (client) => {
    const row = await client.first<{ sessions: bigint }>(
      `select count(*) as sessions from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return row?.sessions === 0n;
  });
  for (let before = await readCounters(database); ; ) {
    await pause(COLLECTOR_MS);
    const now = await readCounters(database);
    if (differenceOf(before, now).size === 0) return now;
    before = now;
  }
}

/** In a new session, which has no older snapshot of the statistics. */
function readCounters(database: BenchDatabase): Promise<Written> {
  return database.asSuperuser(async (client) => {
    const rows = await client.query<{ name: string; written: bigint }>(
      `select relname::text as name, n_tup_ins + n_tup_upd + n_tup_del as written from pg_stat_sys_tables
        where schemaname = 'pg_catalog'`,
    );
    return new Map(rows.map(({ name, written }) => [name, Number(written)]));
  });
}

/** Rows of one run; only tables with any. */
function differenceOf(before: Written, after: Written): Written {
  const perRun = [...after].map(
    ([name, rows]) => [name, (rows - (before.get(name) ?? 0)) / COUNTED_RUNS] as const,
  );
  return new Map(perRun.filter(([, rows]) => rows !== 0));
}

function shown(written: Written): string {
  const sorted = [...written].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([name, rows]) => `${name} ${rows}`).join(', ');
}

async function catalogGrowth(bench: Bench): Promise<BenchResult> {
  const runs = scaled(bench, GROWTH_RUNS, RUNS_PER_VACUUM);
  const name = `scale: growth of pg_attribute and its indexes over ${runs} replay runs, ${ROWS} rows of each of ${GROWTH_TABLES} tables a run`;
  const without = await growthOver(bench, runs, (work) => work());
  bench.say(`${name}: ${without} bytes`);
  const beside = await growthOver(bench, runs, besideReader);
  bench.say(`${name}, beside a reader: ${beside} bytes`);
  return judged({
    name: `${name}, beside a long transaction on the subscriber`,
    unit: 'bytes',
    ours: beside,
    peers: { 'without that transaction': without },
  });
}

type Around = (work: () => Promise<void>, leaf: BenchDatabase) => Promise<void>;

/** An open transaction with a transaction id and a snapshot. */
const besideReader: Around = (work, leaf) =>
  leaf.asSuperuser(async (reader) => {
    await reader.query('begin isolation level repeatable read; select txid_current()');
    await work();
    await reader.query('rollback');
  });

/** Bytes. Each call has new databases, whose catalog has little free space. */
async function growthOver(bench: Bench, runs: number, around: Around): Promise<number> {
  const pair = await makePair(bench);
  await addMany(pair, 0, GROWTH_TABLES, ROWS);
  await runVacuumed(pair, WARM_RUNS);
  const before = await sizeOfAttributes(pair.leaf);
  await around(() => runVacuumed(pair, runs), pair.leaf);
  return (await sizeOfAttributes(pair.leaf)) - before;
}

async function runVacuumed(pair: Pair, runs: number): Promise<void> {
  for (let left = runs; left > 0; left -= RUNS_PER_VACUUM) {
    await runSlices(pair, GROWTH_TABLES, Math.min(left, RUNS_PER_VACUUM));
    await pair.leaf.administer('vacuum pg_catalog.pg_attribute');
  }
}

async function sizeOfAttributes(database: BenchDatabase): Promise<number> {
  const row = await database.asSuperuser((client) =>
    client.first<{ size: bigint }>(`select pg_total_relation_size('pg_catalog.pg_attribute') as size`),
  );
  return Number(row?.size ?? 0);
}
