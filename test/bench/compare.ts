/** The proof that two big tables are equal, beside the query that Londiste's compare runs on each side, one after the other. */
import { compare as compareUnit } from '../../lib/units/compare.ts';
import { type Bench, type BenchCase, type BenchResult, scaled } from './case.ts';
import { type BenchDatabase, createDatabase, settle } from './database.ts';
import { inTurn, judged, medianOf, peersOf, seconds } from './measure.ts';
import { createOrders } from './orders.ts';
import { addTables, createPgtidePair } from './pgtide-pair.ts';
import type { PgtideRunner } from './pgtide-runner.ts';

const ROWS = 2_200_000;
const QUERY = "Londiste's query";
/** It took 3.5 s when Londiste's took 5.1 s. */
const GOAL = { most: 0.69, against: QUERY };

export const compare: BenchCase = {
  name: 'compare',
  minutes: 2,
  async run(bench) {
    const pair = await Promise.all([filled(bench, 'provider'), filled(bench, 'subscriber')]);
    const runner = await createPgtidePair(...pair);
    await addTables(runner, ['public.orders'], { expectSync: true });
    const medians = await inTurn(bench, 'compare', [
      { name: 'pgtide', run: () => timed(pair, () => ours(runner)) },
      { name: QUERY, run: () => timed(pair, () => londistes(pair)) },
    ]);
    return resultsOf(bench, medianOf(medians, 'pgtide', 'seconds'), peersOf(medians, 'seconds'));
  },
};

async function filled(bench: Bench, name: string): Promise<BenchDatabase> {
  const database = await createDatabase(await bench.server(), name);
  await createOrders(database, scaled(bench, ROWS));
  return database;
}

async function timed(
  pair: readonly BenchDatabase[],
  work: () => Promise<void>,
): Promise<Record<string, number>> {
  await settle(...pair);
  return { seconds: await seconds(work) };
}

async function ours(runner: PgtideRunner): Promise<void> {
  const result = await runner.demand('compare', compareUnit, {});
  if (!result.equal) throw new Error(`not equal: ${JSON.stringify(result.tables)}`);
}

async function londistes(pair: readonly BenchDatabase[]): Promise<void> {
  const sums: string[] = [];
  for (const database of pair)
    await database.asOwner(async (client) => {
      const row = await client.first<{ sums: string }>(
        `select count(1) || ' ' || sum(hashtext(
           (id, customer_id, status, amount, note, attributes, created_at, updated_at)::text)::bigint) as sums from only orders`,
      );
      sums.push(row?.sums ?? '');
    });
  if (new Set(sums).size !== 1) throw new Error('the sums differ');
}

function resultsOf(bench: Bench, seconds_: number, peers: Record<string, number | undefined>): BenchResult[] {
  return [
    judged({
      name: `compare: ${scaled(bench, ROWS)} rows, equal`,
      unit: 's',
      ours: seconds_,
      peers,
      goal: GOAL,
    }),
  ];
}
