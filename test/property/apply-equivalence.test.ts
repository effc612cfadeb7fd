/**
 * C8: rows applied set-wise equal the rows applied one by one, and both equal the provider's, for any schema and workload.
 * The property also judges capture: nested triggers, key changes, rolled back savepoints, transactions that commit out of
 * order.
 */
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { removeTable } from '../../lib/units/remove-table.ts';
import { addTables, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { holds } from '../support/property.ts';
import type { InstalledPair } from '../support/unit-context.ts';
import { replayBothWays } from './both-ways.ts';
import { Schema } from './random-schema.ts';
import { type Workload, workload } from './random-workload.ts';
import { modes } from './replica-pair.ts';
import { Sessions } from './sessions.ts';

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
      await replayBothWays(pair, schema.names, it.maxEvents, replica);
    };
    try {
      for (const step of it.steps) await (step.kind >= 97 ? catchUp() : sessions.run(step));
      await sessions.commitAll();
      await catchUp();
      await expectEqual(pair.old, pair.new, schema.names);
    } finally {
      // Done after a failure, too: the next, smaller workload needs a clean pair.
      await sessions.close();
      const tables = schema.names.map((name) => `public.${name}`);
      await removeTable(pair.shop.context('old'), { tables, all: false, now: true });
      await replayAll(pair);
      await pair.both(schema.drop());
    }
  }

  it('replay set-wise and row by row end equal to the provider, for random tables and statements', {
    timeout: 3_600_000,
  }, async () => {
    await holds(fc.asyncProperty(workload, holdsFor), 8);
  });
});
