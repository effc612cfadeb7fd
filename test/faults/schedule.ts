/** The content of a campaign: a random schema, and random acts on it, each with its faults. One seed determines all of it. */
import fc from 'fast-check';
import { type Step, type TableSpec, workload } from '../property/random-workload.ts';
import { type StrikeName, strikeNames } from './fault-names.ts';

export type Side = 'old' | 'new';
export const sides: Side[] = ['old', 'new'];

/** A fault, and the point of a run at which it strikes: the numbers choose among the gaps or requests of the run. */
export interface Strike {
  name: StrikeName;
  side: Side;
  gap: number;
  nth: number;
}

export type RunUnit = 'replay' | 'copy' | 'tick' | 'maintain';

export interface RunAct {
  do: 'run';
  unit: RunUnit;
  strike: Strike | null;
  /** Acts of others in the gap in which the fault strikes. */
  meanwhile: Act[];
}

export type End = 'stay' | 'commit' | 'rollback' | 'savepoint' | 'undo';

export type Act =
  | { do: 'write'; writer: number; step: Step; end: End }
  | { do: 'wide'; writer: number; kind: number; a: number; b: number; end: End }
  | { do: 'alter'; kind: 'add' | 'drop' | 'rename'; table: number }
  | { do: 'resync'; table: number }
  | { do: 'add again'; table: number }
  | { do: 'compare' }
  | { do: 'force tick' }
  | RunAct;

export interface Campaign {
  tables: TableSpec[];
  acts: Act[];
  /** The greatest number of events in a slice. */
  maxEvents: number;
  replica: boolean;
  /** Whether a transaction is open from before all others until the end. */
  oldTransaction: boolean;
}

export const writers = 3;

const nr = (max: number) => fc.nat({ max });
const step: fc.Arbitrary<Step> = fc.record({
  session: fc.constant(0),
  kind: nr(95),
  table: nr(3),
  a: nr(9),
  b: nr(9),
  c: nr(9),
});
const end: fc.Arbitrary<End> = fc.oneof(
  { arbitrary: fc.constant<End>('commit'), weight: 6 },
  { arbitrary: fc.constant<End>('stay'), weight: 4 },
  { arbitrary: fc.constantFrom<End>('rollback', 'savepoint', 'undo'), weight: 2 },
);
const writer = nr(writers - 1);
const write: fc.Arbitrary<Act> = fc.record({ do: fc.constant('write' as const), writer, step, end });
const wide: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('wide' as const),
  writer,
  kind: nr(29),
  a: nr(400),
  b: nr(400),
  end,
});
const forceTick: fc.Arbitrary<Act> = fc.constant({ do: 'force tick' });
const resync: fc.Arbitrary<Act> = fc.record({ do: fc.constant('resync' as const), table: nr(7) });
const unit = fc.oneof(
  { arbitrary: fc.constant<RunUnit>('replay'), weight: 6 },
  { arbitrary: fc.constant<RunUnit>('copy'), weight: 5 },
  { arbitrary: fc.constantFrom<RunUnit>('tick', 'maintain'), weight: 1 },
);
const plainRun: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('run' as const),
  unit,
  strike: fc.constant(null),
  meanwhile: fc.constant([]),
});
const meanwhile = fc.array(
  fc.oneof(
    { arbitrary: write, weight: 4 },
    { arbitrary: wide, weight: 4 },
    { arbitrary: forceTick, weight: 2 },
    { arbitrary: plainRun, weight: 3 },
    { arbitrary: resync, weight: 1 },
  ),
  { maxLength: 5, size: 'max' },
);

/** Weights: acts that take seconds are rare. */
const strike: fc.Arbitrary<Strike> = fc.record({
  name: fc.oneof(
    ...strikeNames.map((name) => ({
      arbitrary: fc.constant<StrikeName>(name),
      weight: name === 'lock timeout' ? 1 : name.startsWith('rest') ? 7 : 12,
    })),
  ),
  side: fc.constantFrom(...sides),
  gap: nr(1000),
  nth: fc.oneof({ arbitrary: fc.constant(1), weight: 5 }, { arbitrary: nr(4), weight: 1 }),
});
const struckRun: fc.Arbitrary<Act> = fc.record({ do: fc.constant('run' as const), unit, strike, meanwhile });

const act: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: write, weight: 8 },
  { arbitrary: wide, weight: 8 },
  { arbitrary: forceTick, weight: 2 },
  { arbitrary: plainRun, weight: 2 },
  { arbitrary: struckRun, weight: 30 },
  { arbitrary: resync, weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constant('alter' as const),
      kind: fc.constantFrom('add' as const, 'add' as const, 'drop' as const, 'rename' as const),
      table: nr(3),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ do: fc.constant('add again' as const), table: nr(3) }), weight: 1 },
  { arbitrary: fc.constant({ do: 'compare' as const }), weight: 1 },
);

const campaign: fc.Arbitrary<Campaign> = fc.record({
  tables: workload.map(({ tables }) => tables),
  acts: fc.array(act, { minLength: 60, maxLength: 60 }),
  maxEvents: fc.constantFrom(7, 40, 100_000),
  replica: fc.boolean(),
  oldTransaction: fc.boolean(),
});

export function campaignOf(seed: number): Campaign {
  const [made] = fc.sample(fc.noBias(campaign), { seed, numRuns: 1 });
  if (!made) throw new Error('a sample has one value');
  return made;
}

/** An act in one line, for readers. */
export function describeAct(act: Act): string {
  if (act.do !== 'run') return JSON.stringify(act);
  const { unit, strike, meanwhile } = act;
  const fault = strike
    ? ` struck by ${strike.name} (${strike.side}, gap ${strike.gap}, nth ${strike.nth})`
    : '';
  return `run ${unit}${fault}${meanwhile.length > 0 ? `, meanwhile: ${meanwhile.map(describeAct).join('; ')}` : ''}`;
}
