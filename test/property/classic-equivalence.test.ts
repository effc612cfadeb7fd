/**
 * C2, C8: a table that is under PgQ's own triggers and our capture in turn equals the provider's, whatever columns each
 * update sets, and wherever slices end. It also equals the result of applying row by row.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { addTables, tickNow } from '../support/follow.ts';
import { demand } from '../support/node.ts';
import { expectEqual } from '../support/oracle.ts';
import { holds } from '../support/property.ts';
import { stateOf } from '../support/queue.ts';
import type { InstalledPair } from '../support/unit-context.ts';
import { replayBothWays } from './both-ways.ts';
import { modes } from './replica-pair.ts';

const kinds: Record<string, string[]> = {
  sqltriga: ['tgflags=Q'],
  logutriga: ['tgflags=L', 'backup'],
  jsontriga: ['tgflags=J'],
  'our capture': [],
};
type Step =
  | { do: 'insert' | 'update' | 'delete'; key: number; mask: number; value: number }
  | { do: 'switch'; to: string }
  | { do: 'replay' | 'truncate' };

const row = {
  key: fc.integer({ min: 0, max: 4 }),
  mask: fc.integer({ min: 0, max: 15 }),
  value: fc.nat({ max: 5 }),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ do: fc.constant('insert'), ...row }) },
  { weight: 45, arbitrary: fc.record({ do: fc.constant('update'), ...row }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('delete'), ...row }) },
  {
    weight: 7,
    arbitrary: fc.record({ do: fc.constant('switch'), to: fc.constantFrom(...Object.keys(kinds)) }),
  },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('replay') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate') }) },
) as fc.Arbitrary<Step>;

/** The column's value. The unique column has few values, so that rows swap them. */
function literal(column: string, value: number): string {
  if (value === 0) return 'null';
  return (
    { a: `'it''s \\ ${value}'`, 'b b': `${value}`, c: `'{"x": ${value}}'`, d: `'${value}:00'` }[column] ??
    'null'
  );
}
const columns = ['a', 'b b', 'c', 'd'];
const quoted = (column: string) => `"${column}"`;

function statement(one: Step): string {
  switch (one.do) {
    case 'insert':
      return `insert into t (id, ${columns.map(quoted).join(', ')}) values (${one.key}, ${columns.map((c, i) => literal(c, one.mask & (1 << i) ? one.value : 0)).join(', ')})`;
    case 'update': {
      const set = columns
        .filter((_, i) => one.mask & (1 << i))
        .map((c) => `${quoted(c)} = ${literal(c, one.value)}`);
      return `update t set ${set.join(', ') || 'id = id'} where id ${one.value === 5 && !set.some((s) => s.startsWith('"b')) ? '<=' : '='} ${one.key}`;
    }
    case 'delete':
      return `delete from t where id = ${one.key}`;
    default:
      return 'truncate t';
  }
}

describe.each(modes)('%s', (_, make, replica) => {
  let pair: InstalledPair;
  beforeAll(async () => {
    pair = await make();
    await pair.both('create table t (id int primary key, a text, "b b" int unique, c jsonb, d time)');
    await addTables(pair, ['t'], { expectSync: true });
  });

  async function replayInSlices(maxEvents: number): Promise<void> {
    await tickNow(pair);
    await replayBothWays(pair, ['t'], maxEvents, replica);
  }

  async function run(one: Step, maxEvents: number): Promise<void> {
    if (one.do === 'replay') return replayInSlices(maxEvents);
    await pair.old.client(async (client) => {
      if (one.do !== 'switch') {
        const failure = await stateOf(client.query(statement(one)));
        expect([undefined, '23505']).toContain(failure?.[0]);
        return;
      }
      await client.transaction({}, async () => {
        await client.query(`select londiste.drop_table_triggers('shop', 'public.t')`);
        await demand(client, 'londiste.create_trigger', 'shop', 'public.t', kinds[one.to], null, 'root');
      });
    });
  }

  it('the leaf ends equal, for random statements, triggers and slices', { timeout: 3_600_000 }, async () => {
    await holds(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.constantFrom(3, 10, 1000, 1000, 1000),
        async (steps, maxEvents) => {
          for (const one of steps) await run(one, maxEvents);
          await replayInSlices(maxEvents);
          await expectEqual(pair.old, pair.new, ['t']);
          await run({ do: 'truncate' }, maxEvents);
          await replayInSlices(maxEvents);
        },
      ),
      10,
    );
  });
});
