/** Random workloads: tables that refer to one another, and the steps of sessions on them, as small numbers. */
import fc from 'fast-check';

const keyTypes = [
  'int',
  'bigint',
  'text',
  'text collate "C"',
  'varchar(10)',
  'numeric',
  'uuid',
  'date',
  'bytea',
  // In these types two consecutive numbers are one key, in two spellings.
  'interval',
  'text collate nocase',
] as const;
export type KeyType = (typeof keyTypes)[number];
const valueTypes = [
  'int',
  'text',
  'numeric',
  'jsonb',
  'json',
  'int[]',
  'timestamptz',
  'float8',
  'bool',
] as const;
export type ValueType = (typeof valueTypes)[number];
const actions = ['no action', 'cascade', 'set null', 'restrict'] as const;
const triggers = ['again', 'before', 'companion', 'revive', 'make room', 'delete'] as const;

export interface TableSpec {
  /** Empty: the table has no key. */
  key: KeyType[];
  values: ValueType[];
  secondary: 'none' | 'unique' | 'deferrable' | 'two' | 'partial';
  /** Refers to this table (counted from the first), to itself, or to none. */
  refersTo: number | 'self' | null;
  onDelete: (typeof actions)[number];
  onUpdate: (typeof actions)[number];
  deferred: boolean;
  generated: boolean;
  identity: 'always' | 'by default' | null;
  /** Changes the same table again; it is on the provider, and on the subscriber, where it must not fire. */
  trigger: (typeof triggers)[number] | null;
}

/** What one session does next. `kind` says what to `table`, and the numbers say with which rows. */
export interface Step {
  session: number;
  kind: number;
  table: number;
  a: number;
  b: number;
  c: number;
}

/** Whether the step's statement takes tables for itself until its transaction ends. */
export function truncates({ kind }: Step): boolean {
  return kind >= 94 && kind < 96;
}

export interface Workload {
  tables: TableSpec[];
  steps: Step[];
  /** Where a slice ends. */
  maxEvents: number;
}

const mostly = <T>(usual: T, other: fc.Arbitrary<T>, weight = 2) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight }, { arbitrary: other, weight: 1 });

const table: fc.Arbitrary<TableSpec> = fc.record({
  key: fc.oneof(
    { arbitrary: fc.constant<KeyType[]>(['int']), weight: 4 },
    { arbitrary: fc.array(fc.constantFrom(...keyTypes), { minLength: 1, maxLength: 3 }), weight: 3 },
    { arbitrary: fc.constant<KeyType[]>([]), weight: 1 },
  ),
  values: fc.array(fc.constantFrom(...valueTypes), { maxLength: 3 }),
  secondary: fc.constantFrom('none', 'unique', 'deferrable', 'two', 'partial'),
  refersTo: mostly<TableSpec['refersTo']>(
    null,
    fc.oneof(fc.constant<'self'>('self'), fc.integer({ min: 0, max: 3 })),
    1,
  ),
  onDelete: fc.constantFrom(...actions),
  onUpdate: fc.constantFrom(...actions),
  deferred: fc.boolean(),
  generated: fc.boolean(),
  identity: mostly<TableSpec['identity']>(null, fc.constantFrom('always', 'by default')),
  trigger: mostly<TableSpec['trigger']>(null, fc.constantFrom(...triggers), 1),
});

const number = fc.integer({ min: 0, max: 9 });
const step: fc.Arbitrary<Step> = fc.record({
  session: fc.integer({ min: 0, max: 2 }),
  kind: fc.integer({ min: 0, max: 99 }),
  table: fc.integer({ min: 0, max: 3 }),
  a: number,
  b: number,
  c: number,
});

export const workload: fc.Arbitrary<Workload> = fc.record({
  tables: fc.array(table, { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { minLength: 1, maxLength: 90, size: 'max' }),
  maxEvents: fc.constantFrom(3, 10, 40, 100_000),
});
