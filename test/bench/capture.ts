/** What capture costs writers: bulk statements, and single-row transactions. */
import { C_TRIGGER, captureWithPgq, NONE } from './capture-peers.ts';
import { type Bench, type BenchCase, type BenchResult, logicalWal, scaled } from './case.ts';
import { type BenchDatabase, createDatabase, emptyEventTables, settle, vacuum } from './database.ts';
import {
  type Goal,
  inTurn,
  judged,
  type Medians,
  median,
  medianOf,
  peersOf,
  type Side,
  seconds,
} from './measure.ts';
import { ordersDdl, ordersRows } from './orders.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { type Load, runLoad } from './single-row.ts';
import { updateSmallColumn, wideDdl, wideNames, wideTables } from './wide.ts';

const ROWS = 300_000;
const ACCOUNTS = 100_000;
const QUEUE = 'shop';
const SLOT = 'logical slot';

export const capture: BenchCase = {
  name: 'capture',
  minutes: 4,
  async run(bench) {
    const sides = await prepareSides(bench);
    return [...(await measureBulk(bench, sides)), ...(await measureSingleRows(bench, sides))];
  },
};

interface CaptureSide {
  name: string;
  database: BenchDatabase;
}

const accountsDdl = `
  create table accounts (id int primary key, balance numeric(12,2) not null, note text, changed_at timestamptz not null);
  create table entries (id bigserial primary key, account_id int not null, amount numeric(12,2) not null,
                        note text, made_at timestamptz not null);
  insert into accounts select n, 0, md5(n::text), now() from generate_series(1, ${ACCOUNTS}) n`;
const captured = ['orders', 'accounts', 'entries', ...wideNames].map((table) => `public.${table}`);

async function prepareSides(bench: Bench): Promise<CaptureSide[]> {
  const server = await bench.server();
  const make = async (name: string, on = server): Promise<BenchDatabase> => {
    const database = await createDatabase(on, name);
    await database.run(`${ordersDdl}; ${accountsDdl}; ${wideDdl(bench)} create table source (like orders);
      insert into source ${ordersRows(1, scaled(bench, ROWS))}`);
    await database.administer('vacuum (analyze)');
    return database;
  };
  const ours = await make('ours');
  const pair = await createPgtidePair(ours, await createDatabase(server, 'leaf'));
  await addTables(pair, captured, { create: true });
  const sides = [
    { name: NONE, database: await make('nothing') },
    { name: 'pgtide', database: ours },
  ];
  if (bench.build.pgq) {
    const database = await make('pgq');
    await captureWithPgq(database, { queue: QUEUE, tables: captured });
    sides.push({ name: C_TRIGGER, database });
  }
  const slot = await make('slot', await bench.server(logicalWal));
  await slot.administer(`select pg_create_logical_replication_slot('idle', 'pgoutput')`);
  return [...sides, { name: SLOT, database: slot }];
}

interface Bulk {
  name: string;
  sql: string;
  goal?: Goal;
}

function bulksOf(bench: Bench): Bulk[] {
  const goal = { most: 0.6, against: C_TRIGGER };
  const ofRows = `of ${scaled(bench, ROWS)} rows`;
  return [
    { name: `insert ${ofRows}`, sql: 'insert into orders select * from source', goal },
    { name: `update ${ofRows}`, sql: 'update orders set amount = amount + 1, updated_at = now()', goal },
    { name: `delete ${ofRows}`, sql: 'delete from orders', goal },
    ...wideTables(bench).map((table) => ({
      name: `update of a small column of ${table.rows} rows of ${table.width}`,
      sql: updateSmallColumn(table),
    })),
  ];
}

async function measureBulk(bench: Bench, sides: CaptureSide[]): Promise<BenchResult[]> {
  const perRound = new Map<string, number[]>();
  const bulks = bulksOf(bench);
  const medians = await inTurn(
    bench,
    'capture bulk',
    sides.map(({ name, database }): Side => ({ name, run: () => runBulks(database, name, bulks, perRound) })),
  );
  return bulks.map(({ name, goal }) => {
    const added = (side: string) =>
      median(
        (perRound.get(`${side} ${name}`) ?? []).map(
          (value, round) => value - (perRound.get(`${NONE} ${name}`)?.[round] ?? 0),
        ),
      );
    const ours = medianOf(medians, 'pgtide', name);
    return judged({
      name: `capture: time added to one ${name}`,
      unit: 's',
      ours: added('pgtide'),
      peers: {
        [C_TRIGGER]: medians.has(C_TRIGGER) ? added(C_TRIGGER) : undefined,
        [SLOT]: added(SLOT),
        'the whole statement without capture': ours - added('pgtide'),
      },
      against: C_TRIGGER,
      ...(goal ? { goal } : {}),
    });
  });
}

async function runBulks(
  database: BenchDatabase,
  side: string,
  bulks: readonly Bulk[],
  perRound: Map<string, number[]>,
): Promise<Record<string, number>> {
  await database.administer('truncate orders');
  await vacuum(database, wideNames);
  await emptyEventTables(database);
  const measured: Record<string, number> = {};
  await database.asOwner(async (client) => {
    for (const { name, sql } of bulks) {
      await settle(database);
      const value = await seconds(() => client.query(sql));
      measured[name] = value;
      const key = `${side} ${name}`;
      perRound.set(key, [...(perRound.get(key) ?? []), value]);
    }
  });
  return measured;
}

const insert = `insert into entries (account_id, amount, note, made_at) values (:id, 1.5, 'an entry of some length', now())`;
const loads: Record<string, Pick<Load, 'statement' | 'ids' | 'isolation'>> = {
  update: {
    statement: 'update accounts set balance = balance + 1, changed_at = now() where id = :id',
    ids: ACCOUNTS,
  },
  insert: { statement: insert, ids: ACCOUNTS },
  // No updates: two of the same row at once would fail.
  'insert in repeatable read': { statement: insert, ids: ACCOUNTS, isolation: 'repeatable read' },
};

async function measureSingleRows(bench: Bench, sides: CaptureSide[]): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [operation, transaction] of Object.entries(loads)) {
    const load: Load = { ...transaction, clients: 2, seconds: Math.max(1, 4 * bench.scale) };
    const run = async (database: BenchDatabase): Promise<Record<string, number>> => {
      await emptyEventTables(database);
      await vacuum(database, ['accounts']);
      await settle(database);
      const { perSecond, p50Ms, p99Ms } = await runLoad(bench, database, load);
      return { perSecond, p50Ms, p99Ms };
    };
    const medians = await inTurn(
      bench,
      `capture single-row ${operation}`,
      sides.map(({ name, database }): Side => ({ name, run: () => run(database) })),
    );
    results.push(...singleRowResults(operation, medians, transaction.isolation));
  }
  return results;
}

function singleRowResults(operation: string, medians: Medians, isolation: Load['isolation']): BenchResult[] {
  const result = (what: string, measure: string, unit: string) => ({
    name: `capture: single-row ${operation} transactions, ${what}`,
    unit,
    ours: medianOf(medians, 'pgtide', measure),
    peers: peersOf(medians, measure),
  });
  return [
    judged({
      ...result('2 clients', 'perSecond', '1/s'),
      goal: isolation ? { least: 0.75, against: NONE } : { least: 1, against: C_TRIGGER },
    }),
    judged({ ...result('median latency', 'p50Ms', 'ms'), against: C_TRIGGER }),
    judged({ ...result('99th percentile', 'p99Ms', 'ms'), against: C_TRIGGER }),
  ];
}
