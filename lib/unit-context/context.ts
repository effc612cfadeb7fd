import type { Budget } from '../budget.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import type { Outcome } from '../outcome.ts';
import type { Place } from '../topology/tree.ts';
import type { UnitName } from './registry.ts';

/** What a person sees while long work goes on. */
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

/** How many tables are done, out of all that were meant. */
export interface TableCountProgress {
  queue: string;
  node: string;
  step: 'create' | 'add' | 'remove';
  tables: number;
  totalTables: number;
}

/** What keeps one unit, or a consumer, from going on for one node. */
export interface FailingRuns {
  /** `consume`, or a scheduled unit. */
  unit: string;
  node: string;
  /** Of the unit `consume`. */
  consumer?: string;
  /** How the last run ended, and what to do about it. */
  what: string;
  remedy: string;
  /** So many in a row. */
  runs: number;
  since: Date;
  /** It waits for an operator. */
  operator: boolean;
  /** Until when it is left out. */
  skippedUntil: Date | null;
}

/**
 * What every unit gets: the node that it works for, with its role and the node that it follows, and what it works with. Made by lib/runtime,
 * for Lambda, the command line and tests alike.
 */
export interface UnitContext extends Place {
  readonly config: Config;
  readonly queue: string;
  /** The fencing token of the lease; null when run by hand without one. */
  readonly epoch: bigint | null;
  /** Gives the lease another epoch; false: another run has taken it over. Absent where there is no lease. */
  readonly restamp?: (epoch: bigint) => Promise<boolean>;
  readonly budget: Budget;
  /** What a run of the invocation has that has much to do; this one may have less. Absent: it is the only one. */
  readonly wholeMs?: number;
  readonly clock: Clock;
  /** Opens a connection to a node for the time of `work`; it is cut after `withinMs`, by default when the run's time is over. */
  connect<T>(node: string, work: (client: Client) => Promise<T>, options?: { withinMs?: number }): Promise<T>;
  /** Adds to a counter of the run's log line. */
  count(name: string, by: number): void;
  /** Sets a value of the run's log line; `lagSeconds` of replay also becomes a metric. */
  gauge(name: string, value: number): void;
  /**
   * Says that there is work for another unit of this queue, which may rest; call it once that work is committed. Absent
   * where there is no lease table: then the work begins when the rest is over.
   */
  readonly wake?: (unit: UnitName, node: string) => void;
  /** Scheduled runs of this queue, and of these consumers on its root, that get nothing done; absent where there is no lease table. */
  readonly failingRuns?: (consumers: readonly string[]) => Promise<FailingRuns[]>;
  /** Times a step for the run's log line. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Shows how far the work is; absent if no person watches. */
  readonly progress?: (event: ProgressEvent) => void;
}

/** A scheduled unit: one bounded piece of work for one (queue, node). */
export type Unit = (context: UnitContext) => Promise<Outcome>;

/** A unit on demand: takes validated input, returns its outcome and a JSON result. */
export type OnDemandUnit<Input, Result> = (
  context: UnitContext,
  input: Input,
) => Promise<{ outcome: Outcome; result: Result }>;
