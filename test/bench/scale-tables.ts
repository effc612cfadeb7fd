/** What a thousand tables in a queue, or a hundred thousand chunks of one table, cost replay. */
import { maintain } from '../../lib/units/maintain.ts';
import { status } from '../../lib/units/status.ts';
import type { Bench, BenchResult } from './case.ts';
import { type BenchDatabase, createDatabase } from './database.ts';
import { Costs, sizesUpTo } from './growth.ts';
import { seconds } from './measure.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import { type PgtideRunner, QUEUE } from './pgtide-runner.ts';

const MAX_TABLES = 1_000;
const MAX_CHUNKS = 100_000;
const EVENTS = 1_000;

export interface Pair {
  root: BenchDatabase;
  leaf: BenchDatabase;
  runner: PgtideRunner;
}

export async function makePair(bench: Bench): Promise<Pair> {
  // With one event for each table, replay locks them all in one transaction.
  const server = await bench.server({ max_locks_per_transaction: '1024' });
  const [root, leaf] = [await createDatabase(server, 'root'), await createDatabase(server, 'leaf')];
  return { root, leaf, runner: await createPgtidePair(root, leaf) };
}

async function replayCost({ root, runner }: Pair, sql: string): Promise<number> {
  await root.run(sql);
  await runner.tick();
  return 1000 * (await seconds(() => runner.replayUntilIdle()));
}

export async function scaleTables(bench: Bench): Promise<BenchResult[]> {
  const costs = new Costs(bench);
  const pair = await makePair(bench);
  const names = {
    add: 'add-table, a table, against tables in the queue',
    one: 'replaying 1,000 events of one table, against tables in the queue',
    all: 'replaying an event of each table, against tables in the queue',
    maintain: 'maintain, against tables in the queue',
    status: 'status, against tables in the queue',
  };
  let there = 0;
  for (const size of sizesUpTo(bench, MAX_TABLES)) {
    const added = await addMany(pair, there, size);
    await costs.note(names.add, size, async () => added / (size - there), 1);
    there = size;
    await costs.note(names.one, size, () => replayCost(pair, 'update table_1 set n = n + 1'));
    await costs.note(names.all, size, () => replayCost(pair, updateEach(size)));
    const { runner } = pair;
    await costs.note(names.maintain, size, () =>
      milliseconds(() => runner.scheduled('maintain', maintain, 'old')),
    );
    await costs.note(names.status, size, () => milliseconds(() => runner.demand('status', status, {})));
  }
  return [
    costs.result(names.add, 'flat'),
    costs.result(names.one, 'flat'),
    costs.result(names.all, 'linear'),
    costs.result(names.maintain, 'linear'),
    costs.result(names.status, 'linear'),
  ];
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  return 1000 * (await seconds(work));
}

/**
 * Creates the tables number `from + 1` to `to` on both sides and adds them. The first table has 1,000 rows, the others
 * `rows`. Returns the milliseconds that adding took.
 */
export async function addMany(
  { root, leaf, runner }: Pair,
  from: number,
  to: number,
  rows = 1,
): Promise<number> {
  const ddl = `do $$ begin for t in ${from + 1} .. ${to} loop
    execute format('create table table_%s (id int primary key, n int not null)', t);
    execute format('insert into table_%s select g, 0 from generate_series(1, case %s when 1 then ${EVENTS} else ${rows} end) g', t, t);
    end loop; end $$`;
  await root.run(ddl);
  await leaf.run(ddl);
  const tables = Array.from({ length: to - from }, (_, nr) => `public.table_${from + nr + 1}`);
  return milliseconds(() => addTables(runner, tables, { expectSync: true }));
}

/** One transaction that changes `rows` rows of each of the first `tables` tables. */
export function updateEach(tables: number, rows = 1): string {
  return `do $$ begin for t in 1 .. ${tables} loop
    execute format('update table_%s set n = n + 1 where id <= ${rows}', t); end loop; end $$`;
}

export async function scaleChunks(bench: Bench): Promise<BenchResult[]> {
  const costs = new Costs(bench);
  const pair = await makePair(bench);
  const names = {
    plan: 'planning a copy, against its chunks',
    replay: 'replaying 1,000 events of a table in copy, against its chunks',
    announce: 'claiming the next chunk, against chunks of the copy',
  };
  const { root, leaf, runner } = pair;
  for (const database of [root, leaf])
    await database.run('create table big (id int primary key, n int not null)');
  await root.run(`insert into big select g * 97, 0 from generate_series(1, ${EVENTS}) g`);
  await addTables(runner, ['public.big']);
  for (const size of sizesUpTo(bench, MAX_CHUNKS)) {
    await leaf.run(`select pgtide.reset_copy('${QUEUE}', 'public.big')`);
    await costs.note(names.plan, size, () => milliseconds(() => planChunks(leaf, size)), 1);
    await costs.note(names.replay, size, () => replayCost(pair, 'update big set n = n + 1'));
    await costs.note(names.announce, size, () => milliseconds(() => announce(leaf)));
  }
  return [
    costs.result(names.plan, 'linear'),
    costs.result(names.replay, 'linear'),
    costs.result(names.announce, 'flat'),
  ];
}

/** Plans the chunks as the copy unit does, with bounds as the provider would give them. */
function planChunks(leaf: BenchDatabase, chunks: number): Promise<void> {
  return leaf.run(`select pgtide.begin_copy('${QUEUE}', 'public.big',
    (select jsonb_agg(jsonb_build_array((n * 10)::text)) from generate_series(1, ${chunks - 1}) n), ${chunks * 10})`);
}

function announce(leaf: BenchDatabase): Promise<void> {
  return leaf.run(`select pgtide.announce_chunk('${QUEUE}', '-infinity')`);
}
