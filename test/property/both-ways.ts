/**
 * Replay that first applies every slice row by row, in a savepoint that is rolled back: applying it set-wise must give the
 * same.
 */
import { expect } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { replaySlice } from '../../lib/replay/replay-batch.ts';
import { replayByHand } from '../support/replay-by-hand.ts';
import type { InstalledPair } from '../support/unit-context.ts';

/** The rows of all tables, as this transaction sees them. */
async function rowsIn(client: Client, tables: string[]): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of tables)
    rows[table] = (await client.query<{ line: string }>(`select t::text as line from public.${table} t`))
      .map(({ line }) => line)
      .sort();
  return rows;
}

/**
 * Applies the judged stage event by event, in a savepoint that is rolled back, and returns the rows that the tables then
 * held. Null: the slice ends at a point where a constraint does not hold, and will be taken longer.
 */
async function rowByRow(
  client: Client,
  tables: string[],
  { replica, sliced }: { replica: boolean; sliced: boolean },
): Promise<Record<string, string[]> | null> {
  await client.query('savepoint row_by_row');
  // A set-wise apply that meets a unique violation is repeated in the exact order.
  await client.query(`create or replace function pgtide._set_steps(i_nrs int[], i_replica bool) returns table (nr int, op text)
    language plpgsql as $$ begin if cardinality(i_nrs) > 0 then raise unique_violation; end if; end $$`);
  const applied = await client.query<{
    table_name: string;
    exact: boolean;
    error: string | null;
    missing: bigint;
  }>(`select table_name, exact, error, missing from pgtide.apply_stage('shop', $1, 'set-aside')`, [replica]);
  const cut = sliced && applied.some(({ error }) => /^23/.test(error ?? ''));
  if (!cut)
    expect(applied.filter(({ exact, error, missing }) => !exact || error !== null || missing > 0n)).toEqual(
      [],
    );
  const rows = await rowsIn(client, tables);
  await client.query('rollback to savepoint row_by_row');
  return cut ? null : rows;
}

/** Replays everything, in slices of `maxEvents`; each slice is applied both ways. */
export async function replayBothWays(
  pair: InstalledPair,
  tables: string[],
  maxEvents: number,
  replica: boolean,
): Promise<void> {
  await pair.old.client((provider) =>
    pair.new.client(async (subscriber) => {
      let exact: Record<string, string[]> | null = {};
      const sliced = maxEvents < 100_000;
      const work = replayByHand(provider, subscriber, {
        maxEvents,
        at: async (step) => {
          if (step === 'events.judged') exact = await rowByRow(subscriber, tables, { replica, sliced });
          if (step === 'rows.applied' && exact) expect(await rowsIn(subscriber, tables)).toEqual(exact);
        },
      });
      for (;;) {
        const result = await replaySlice(work);
        if (result.kind !== 'applied') return;
        for (const { table, error, missing, conflicts } of result.tables)
          expect({ table, error, missing, conflicts }).toEqual({
            table,
            error: null,
            missing: 0n,
            conflicts: 0n,
          });
      }
    }),
  );
}
