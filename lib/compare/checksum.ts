/**
 * First pass: computes the count and the sum of row hashes per bucket, on both sides at once. Equal sums mean equal rows (the
 * probability of a wrong "equal" is about 2^-64 a bucket). A big table is read in ranges of its key, each in a separate transaction,
 * so that no snapshot is held for long. If its key has no order that both servers share, the table is read in one range.
 */
import { both } from '../db/both.ts';
import type { Client } from '../db/client.ts';
import { quoteIdent, quoteLiteral } from '../db/identifier.ts';
import { readTable, type TableQuery } from '../node/table-reader.ts';
import type { SidePlan, TablePlan } from './plan.ts';
import { readOnly, type Sides } from './sides.ts';

/** A key range: an SQL condition over `t` that holds for the same rows on both sides. */
export type Range = string;

export interface RangeSums {
  range: Range;
  providerRows: number;
  subscriberRows: number;
  /** Buckets whose count or sum differs. */
  differing: bigint[];
  /** Largest number of rows of a differing bucket on one side. */
  mostRows: number;
}

interface Sum {
  bucket: bigint;
  rows: bigint;
  sum: string;
}

const SAMPLED_ROWS = 30_000;

/** Splits a table's key into ranges of about `rowsPerRange` rows, by a sample on the provider. */
export async function planRanges(sides: Sides, plan: TablePlan, rowsPerRange: number): Promise<Range[]> {
  const count = Math.ceil(plan.rowsEstimate / rowsPerRange);
  if (count <= 1 || !plan.rangeColumn) return ['true'];
  const percent = Math.min(100, (100 * SAMPLED_ROWS) / plan.rowsEstimate);
  const column = quoteIdent(plan.rangeColumn.name);
  const fractions = Array.from({ length: count - 1 }, (_, nr) => (nr + 1) / count);
  const [sample] = await readOnly(sides.provider, sides.budget, () =>
    readTable<{ bounds: string[] | null }>(sides.provider, plan.provider.reader, {
      columns: 'bounds text[]',
      sql: (array) => `
        select (percentile_disc(${array(fractions, 'float8')}) within group (order by t.${column}))::text[] as bounds
          from ${plan.provider.from} tablesample system (${percent}) repeatable (1)`,
    }),
  );
  const bounds = [...new Set((sample?.bounds ?? []).filter((bound) => bound !== null))];
  const literals = bounds.map((bound) => `${quoteLiteral(bound)}::${plan.rangeColumn?.type}`);
  return [...literals, undefined].map((upper, nr) => {
    const lower = literals[nr - 1];
    const conditions = [
      ...(lower ? [`t.${column} >= ${lower}`] : []),
      ...(upper ? [`t.${column} < ${upper}`] : []),
    ];
    return conditions.join(' and ') || 'true';
  });
}

/** Only lets the planner of old servers choose a hash table, whose size it overestimates: 33,000 buckets take 5 MB. */
const SUMS_WORK_MEM = '1GB';

function sums(side: SidePlan, range: Range): TableQuery {
  // `offset 0` prevents the planner from computing a hash at each reference.
  const id = side.keyEquals.length > 0 ? side.id : 'null::int8';
  return {
    columns: 'bucket int8, rows int8, sum text',
    sql: () => `
      select ${side.bucketOf('coalesce(q.id, q.hash)')} as bucket, count(*) as rows, sum(q.hash)::text as sum
        from (select ${id} as id, ${side.rowHash} as hash from ${side.from} where ${range} offset 0) as q
       group by 1`,
  };
}

/** Compares one range's sums, reading both sides at the same time. */
export async function compareSums(sides: Sides, plan: TablePlan, range: Range): Promise<RangeSums> {
  const read = (client: Client, side: SidePlan) =>
    readOnly(client, sides.budget, async () => {
      await client.query(`set local work_mem = '${SUMS_WORK_MEM}'`);
      return readTable<Sum>(client, side.reader, sums(side, range));
    });
  const [provider, subscriber] = await both(
    read(sides.provider, plan.provider),
    read(sides.subscriber, plan.subscriber),
  );
  const { differing, mostRows } = differingBuckets(provider, subscriber);
  return {
    range,
    providerRows: countRows(provider),
    subscriberRows: countRows(subscriber),
    differing,
    mostRows,
  };
}

function differingBuckets(provider: Sum[], subscriber: Sum[]): Pick<RangeSums, 'differing' | 'mostRows'> {
  const unmatched = new Map(provider.map((sum) => [sum.bucket, sum]));
  const differing: bigint[] = [];
  let mostRows = 0;
  const differs = (bucket: bigint, ...rows: (bigint | undefined)[]) => {
    differing.push(bucket);
    mostRows = Math.max(mostRows, ...rows.map((count) => Number(count ?? 0n)));
  };
  for (const sum of subscriber) {
    const other = unmatched.get(sum.bucket);
    unmatched.delete(sum.bucket);
    if (other?.rows !== sum.rows || other.sum !== sum.sum) differs(sum.bucket, sum.rows, other?.rows);
  }
  for (const { bucket, rows } of unmatched.values()) differs(bucket, rows);
  return { differing, mostRows };
}

function countRows(sums: Sum[]): number {
  return Number(sums.reduce((total, sum) => total + sum.rows, 0n));
}
