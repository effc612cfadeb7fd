import type { Budget } from '../budget.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import type { Outcome } from '../outcome.ts';
import type { Place } from '../topology/tree.ts';
import type { UnitName } from './registry.ts';

/** Progress of long work, as shown to a person. */
export type ProgressEvent = RowProgress | TableCountProgress;

/** `totalRows` is an estimate. */
export interface RowProgress {
  queue: string;
  node: string;
  table: string;
  step: 'plan' | 'copy' | 'restore' | 'compare';
  rows: number;
  totalRows: number;
  bytes: number;
}

/** Number of tables that are done, out of all selected tables. */
export interface TableCountProgress {
  queue: string;
  node: string;
  step: 'create' | 'add' | 'remove';
  tables: number;
  totalTables: number;
}

/** Failing runs of one unit, or of one consumer, for one node. */
export interface FailingRuns {
  /** `consume`, or a scheduled unit. */
  unit: string;
  node: string;
  /** The consumer, for the unit `consume`. */
  consumer?: string;
  /** How the last run ended; `remedy` states how to fix it. */
  what: string;
  remedy: string;
  /** Number of failing runs in a row. */
  runs: number;
  since: Date;
  /** True if it waits for an operator. */
  operator: boolean;
  /** Schedules skip it until this time; null if it is not skipped. */
  skippedUntil: Date | null;
}

/**
 * Argument of every unit: the node that it works for, with its role and the node that it follows, and the tools for its work.
 * lib/runtime creates it, for Lambda, the command line and tests alike.
 */
export interface UnitContext extends Place {
  readonly config: Config;
  readonly queue: string;
  /** The fencing token of the lease; null if run by hand without a lease. */
  readonly epoch: bigint | null;
  /** Gives the lease another epoch. Returns false if another run has taken the lease over. Absent if there is no lease. */
  readonly restamp?: (epoch: bigint) => Promise<boolean>;
  readonly budget: Budget;
  /** Time for a run of this invocation that has much to do. This run may have less. Absent if it is the only run. */
  readonly wholeMs?: number;
  readonly clock: Clock;
  /** Opens a connection to a node for the duration of `work`. It is closed after `withinMs`, by default when the run's time is over. */
  connect<T>(node: string, work: (client: Client) => Promise<T>, options?: { withinMs?: number }): Promise<T>;
  /** Adds to a counter of the run's log line. */
  count(name: string, by: number): void;
  /** Sets a value of the run's log line; `lagSeconds` of replay also becomes a metric. */
  gauge(name: string, value: number): void;
  /**
   * Notifies another unit of this queue, which may be resting, that it has work. Call it once that work is committed. Absent
   * if there is no lease table; then the work begins when the rest is over.
   */
  readonly wake?: (unit: UnitName, node: string) => void;
  /** Scheduled runs of this queue, and of these consumers on its root, that make no progress. Absent if there is no lease table. */
  readonly failingRuns?: (consumers: readonly string[]) => Promise<FailingRuns[]>;
  /** Times a step for the run's log line. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Shows the progress of the work; absent if no person watches. */
  readonly progress?: (event: ProgressEvent) => void;
}

/** A scheduled unit: one bounded piece of work for one (queue, node). */
export type Unit = (context: UnitContext) => Promise<Outcome>;

/** A unit on demand: takes validated input, returns its outcome and a JSON result. */
export type OnDemandUnit<Input, Result> = (
  context: UnitContext,
  input: Input,
) => Promise<{ outcome: Outcome; result: Result }>;
