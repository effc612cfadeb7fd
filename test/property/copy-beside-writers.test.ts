/** C7: the leaf ends equal, whatever writers and replay do between the steps of a copy, and wherever the copy's runs end. */
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { PgtideError } from '../../lib/errors.ts';
import { copyWith } from '../../lib/units/copy.ts';
import { removeTable } from '../../lib/units/remove-table.ts';
import { replay } from '../../lib/units/replay.ts';
import { addTables, followUntilSynced, replayAll, tickNow } from '../support/follow.ts';
import { expectEqual } from '../support/oracle.ts';
import { holds } from '../support/property.ts';
import type { InstalledPair } from '../support/unit-context.ts';
import { Schema } from './random-schema.ts';
import { type Step, truncates, type Workload, workload } from './random-workload.ts';
import { modes } from './replica-pair.ts';
import { Sessions } from './sessions.ts';

/** The events of one gap between two steps of the copy. */
interface Gap {
  statements: number;
  tick: boolean;
  replay: boolean;
  /** The copy's run ends here. */
  ends: boolean;
}

const gap: fc.Arbitrary<Gap> = fc.record({
  statements: fc.integer({ min: 0, max: 4 }),
  tick: fc.boolean(),
  replay: fc.boolean(),
  ends: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

class RunEnded extends Error {}

describe.each(modes)('%s', (_, make) => {
  let pair: InstalledPair;
  let runs = 0;
  beforeAll(async () => {
    pair = await make({ copy: { chunkBytes: 64 * 1024, parallelChunks: 1 } });
  });

  async function holdsFor(it: Workload, gaps: Gap[]): Promise<void> {
    const least = Math.min(pair.old.server.version, pair.new.server.version);
    const schema = new Schema(it.tables, `c${runs++}`, least, 900);
    await pair.both(schema.create());
    await pair.old.client((client) => client.query(schema.fill(220)));
    await addTables(pair, schema.names);
    const sessions = await Sessions.open(pair.old, schema);
    const steps = it.steps.filter(({ kind }) => kind < 97);
    const run = async (statements: Step[]) => {
      for (const statement of statements) {
        await sessions.run(statement);
        // The read of a chunk would wait for an open TRUNCATE, and this process, which should end the TRUNCATE, would wait
        // for the read.
        if (truncates(statement)) await sessions.commit(statement.session);
      }
    };
    let nr = 0;
    const at = async (step: string) => {
      const now = gaps[nr++ % gaps.length];
      if (!now) return;
      await run(steps.splice(0, now.statements));
      if (now.tick) await tickNow(pair);
      // In the other gaps the copy holds locks that replay would wait for.
      const free = ['copy.planned', 'chunk.announced', 'snapshot.taken', 'chunk.committed'].includes(step);
      if (now.replay && free) await replay(pair.shop.context('new'));
      if (now.ends && nr < 40) throw new RunEnded(step);
    };
    try {
      for (let round = 0; round < 8; round++) {
        await copyWith({ at })(pair.shop.context('new')).catch((error: unknown) => {
          // A TRUNCATE that was replayed in a gap starts the copy over. The run that was copying notices this, and ends.
          const startedOver = error instanceof PgtideError && error.kind === 'fenced';
          if (!(error instanceof RunEnded || startedOver)) throw error;
        });
        await run(steps.splice(0, 3));
        await replayAll(pair);
      }
      await run(steps);
      await sessions.commitAll();
      await followUntilSynced(pair);
      await expectEqual(pair.old, pair.new, schema.names);
    } finally {
      await sessions.close();
      await removeTable(pair.shop.context('old'), {
        tables: schema.names.map((name) => `public.${name}`),
        all: false,
        now: true,
      });
      await replayAll(pair);
      await pair.both(schema.drop());
    }
  }

  it('the leaf ends equal, for random tables, statements and gaps', { timeout: 3_600_000 }, async () => {
    await holds(fc.asyncProperty(workload, fc.array(gap, { minLength: 1, maxLength: 30 }), holdsFor), 4);
  });
});
