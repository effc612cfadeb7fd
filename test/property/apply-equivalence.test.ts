/**
 * C8: rows applied set-wise are the rows applied one by one, and both are the provider's, for whatever schema and workload.
 * Capture is judged with it: nested triggers, key changes, rolled back savepoints, transactions that commit out of order.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../lib/db/client.ts';
import { workerName } from '../../lib/node/topology.ts';
import type { Replay } from '../../lib/replay/replay.ts';
import { replaySlice } from '../../lib/replay/replay-batch.ts';
import { removeTable } from '../../lib/units/remove-table.ts';
import { addTables, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { holds } from '../support/property.ts';
import type { InstalledPair } from '../support/unit-context.ts';
import { Schema, type Workload, workload } from './random-schema.ts';
import { modes } from './replica-pair.ts';
import { Sessions } from './sessions.ts';

/** The rows of all tables as this transaction sees them. */
async function rowsIn(client: Client, tables: string[]): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of tables)
    rows[table] = (await client.query<{ line: string }>(`select t::text as line from public.${table} t`))
      .map(({ line }) => line)
      .sort();
  return rows;
}

/**
 * Applies the judged stage event by event, in a savepoint that is rolled back, and returns what the tables held then. Null: the
 * slice ends where a constraint does not hold, and will be taken longer.
 */
async function rowByRow(
  client: Client,
  tables: string[],
  { replica, sliced }: { replica: boolean; sliced: boolean },
): Promise<Record<string, string[]> | null> {
  await client.query('savepoint row_by_row');
  // Whatever meets a unique violation set-wise is applied again in the exact order.
  await client.query(`create or replace function pgtide.set_steps(i_nrs int[], i_replica bool) returns table (nr int, op text)
    language plpgsql as $$ begin if cardinality(i_nrs) > 0 then raise unique_violation; end if; end $$`);
  const applied = await client.query<{
    table_name: string;
    exact: boolean;
    error: string | null;
    missing: bigint;
  }>(`select table_name, exact, error, missing from pgtide.apply_stage('shop', $1, 'set-aside')`, [replica]);
  const cut = sliced && applied.some(({ error }) => /SQLSTATE 23/.test(error ?? ''));
  if (!cut)
    expect(applied.filter(({ exact, error, missing }) => !exact || error !== null || missing > 0n)).toEqual(
      [],
    );
  const rows = await rowsIn(client, tables);
  await client.query('rollback to savepoint row_by_row');
  return cut ? null : rows;
}

/** Replays all there is; each slice is applied both ways. */
async function replayBothWays(
  pair: InstalledPair,
  schema: Schema,
  maxEvents: number,
  replica: boolean,
): Promise<void> {
  await pair.old.client((provider) =>
    pair.new.client(async (subscriber) => {
      let exact: Record<string, string[]> | null = {};
      const sliced = maxEvents < 100_000;
      const work: Replay = {
        queue: 'shop',
        consumer: workerName('shop', 'new'),
        provider,
        subscriber,
        epoch: null,
        maxEvents,
        maxBytes: 1e9,
        onConflict: 'set-aside',
        statementTimeoutMs: 30_000,
        at: async (step) => {
          if (step === 'events.judged') exact = await rowByRow(subscriber, schema.names, { replica, sliced });
          if (step === 'rows.applied' && exact) expect(await rowsIn(subscriber, schema.names)).toEqual(exact);
        },
      };
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

describe.each(modes)('%s', (_, make, replica) => {
  let pair: InstalledPair;
  let runs = 0;
  beforeAll(async () => {
    pair = await make();
  });

  async function holdsFor(it: Workload): Promise<void> {
    const least = Math.min(pair.old.server.version, pair.new.server.version);
    const schema = new Schema(it.tables, `r${runs++}`, least);
    await pair.both(schema.create());
    await addTables(pair, schema.names, { expectSync: true });
    const sessions = await Sessions.open(pair.old, schema);
    const catchUp = async () => {
      await tickNow(pair);
      await replayBothWays(pair, schema, it.maxEvents, replica);
    };
    try {
      for (const step of it.steps) await (step.kind >= 97 ? catchUp() : sessions.run(step));
      await sessions.commitAll();
      await catchUp();
      await expectEqual(pair.old, pair.new, schema.names);
    } finally {
      // Also after a failure: the next, smaller workload has to find a clean pair.
      await sessions.close();
      const tables = schema.names.map((name) => `public.${name}`);
      await removeTable(pair.shop.context('old'), { tables, all: false });
      await replayAll(pair);
      await pair.both(schema.drop());
    }
  }

  it('set-wise is row by row is the provider, for random tables and statements', {
    timeout: 3_600_000,
  }, async () => {
    await holds(fc.asyncProperty(workload, holdsFor), 8);
  });
});
