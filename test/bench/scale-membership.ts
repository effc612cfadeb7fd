/**
 * What a thousand tables with sequences and foreign keys cost a plain owner: for their writers while they join and leave,
 * for replay, for status, and for an idle queue.
 */
import { removeTable, removeTableInput } from '../../lib/units/remove-table.ts';
import { status } from '../../lib/units/status.ts';
import type { Bench, BenchResult } from './case.ts';
import { type BenchDatabase, createDatabase } from './database.ts';
import { judged, median, seconds, significant } from './measure.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import type { PgtideRunner } from './pgtide-runner.ts';

const MAX_TABLES = 1_000;
const FEW_TABLES = 10;
const ROUNDS = 15;

interface Pair {
  root: BenchDatabase;
  leaf: BenchDatabase;
  runner: PgtideRunner;
  tables: number;
}

interface Membership {
  seconds: number;
  longestWaitMs: number;
}

/** A chain of tables, each of which refers to the one before. It is created in parts: one transaction could not lock them all. */
async function makeChain(database: BenchDatabase, tables: number): Promise<void> {
  for (let from = 1; from <= tables; from += 100)
    await database.run(`do $$ begin for t in ${from} .. ${Math.min(tables, from + 99)} loop
      execute format('create table chain_%s (id serial primary key, n int not null, parent int%s)', t,
                     case when t > 1 then format(' references chain_%s', t - 1) end);
      execute format('insert into chain_%s (n) values (0)', t);
    end loop; end $$`);
  await database.run(`create function probe(t int) returns float8 language plpgsql as $$
    begin
      execute format('insert into chain_%s (n) values (1)', t);
      return 1000 * extract(epoch from clock_timestamp() - statement_timestamp());
    end $$`);
}

async function makePair(bench: Bench, name: string, tables: number): Promise<Pair> {
  const server = await bench.server();
  const owner = 'plain_owner';
  const root = await createDatabase(server, `${name}_root`, { owner });
  const leaf = await createDatabase(server, `${name}_leaf`, { owner });
  for (const database of [root, leaf]) await makeChain(database, tables);
  return { root, leaf, runner: await createPgtidePair(root, leaf), tables };
}

/** Writes to one table after the other while `work` runs. Returns the duration of `work`, and that of the longest write. */
async function beside({ root, tables }: Pair, work: () => Promise<unknown>): Promise<Membership> {
  let working = true;
  let longestWaitMs = 0;
  const writing = root.asOwner(async (client) => {
    for (let nr = 0; working; nr = (nr + 7) % tables) {
      const row = await client.first<{ ms: number }>('select probe($1) as ms', [nr + 1]);
      longestWaitMs = Math.max(longestWaitMs, row?.ms ?? 0);
    }
  });
  const time = await seconds(() => work()).finally(() => {
    working = false;
  });
  await writing;
  return { seconds: time, longestWaitMs };
}

interface Costs {
  replay: number;
  status: number;
  idle: number;
}

const milliseconds = async (work: () => Promise<unknown>) => 1000 * (await seconds(work));

/**
 * The cost of the same work for any number of tables: one table changes. The pairs take turns, because the machine's speed
 * varies.
 */
async function costsOf(pairs: readonly Pair[]): Promise<Costs[]> {
  const times = pairs.map(() => ({ replay: [] as number[], status: [] as number[], idle: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++)
    for (const [nr, { root, runner }] of pairs.entries()) {
      await root.run('update chain_1 set n = n + 1');
      await runner.tick();
      times[nr]?.replay.push(await milliseconds(() => runner.replayUntilIdle()));
      times[nr]?.status.push(await milliseconds(() => runner.demand('status', status, {})));
      times[nr]?.idle.push(
        await milliseconds(async () => {
          await runner.tick();
          await runner.replayUntilIdle();
          await runner.copy();
        }),
      );
    }
  return times.map(({ replay, status: looks, idle }) => ({
    replay: median(replay),
    status: median(looks),
    idle: median(idle),
  }));
}

export async function scaleMembership(bench: Bench): Promise<BenchResult[]> {
  const tables = Math.max(2 * FEW_TABLES, Math.round(MAX_TABLES * bench.scale));
  const few = await makePair(bench, 'few', FEW_TABLES);
  const many = await makePair(bench, 'many', tables);
  const added = new Map<Pair, Membership>();
  for (const pair of [few, many]) {
    const names = Array.from({ length: pair.tables }, (_, nr) => `public.chain_${nr + 1}`);
    added.set(pair, await beside(pair, () => addTables(pair.runner, names, { expectSync: true })));
    await pair.runner.tick();
    await pair.runner.replayUntilIdle();
  }
  const none = { replay: 0, status: 0, idle: 0 };
  const [costsOfFew = none, costs = none] = await costsOf([few, many]);
  const removed = await beside(many, () =>
    many.runner.demand('remove-table', removeTable, removeTableInput.parse({ all: true })),
  );
  const at = `${tables.toLocaleString('en-US')} tables with sequences and keys, as a plain owner`;
  const against = `over ${FEW_TABLES} tables`;
  const joined = added.get(many) ?? { seconds: 0, longestWaitMs: 0 };
  for (const [what, { seconds: time, longestWaitMs }] of Object.entries({ added: joined, removed }))
    bench.say(
      `scale, ${at}, ${what}: ${significant(time)} s, a writer waited ${significant(longestWaitMs)} ms`,
    );
  const flat = (what: string, cost: keyof Costs): BenchResult[] => [
    judged({
      name: `scale: ${what} over ${at}`,
      unit: 'ms',
      ours: costs[cost],
      peers: { [against]: costsOfFew[cost] },
      goal: { most: 1.2, against },
    }),
    judged({
      name: `scale: ${what} over ${at}, as a value`,
      unit: 'ms',
      ours: costs[cost],
      peers: {},
      goal: { most: 2_000 },
    }),
  ];
  const once = (what: string, unit: string, ours: number, most: number): BenchResult =>
    judged({ name: `scale: ${what}, ${at}`, unit, ours, peers: {}, goal: { most } });
  return [
    once('longest wait of a writer during add-table', 'ms', joined.longestWaitMs, 250),
    once('longest wait of a writer during remove-table', 'ms', removed.longestWaitMs, 250),
    once('add-table', 's', joined.seconds, 60),
    once('remove-table', 's', removed.seconds, 60),
    ...flat('a replay run', 'replay'),
    ...flat('status', 'status'),
    ...flat('tick, replay and copy with nothing to do', 'idle'),
  ];
}
