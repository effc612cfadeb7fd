import type { Client } from '../db/client.ts';

/** Settings and connections for the replay of one node. */
export interface Replay {
  queue: string;
  /** The node's consumer on the provider's queue. */
  consumer: string;
  provider: Client;
  subscriber: Client;
  /** The lease's fencing token; null if run by hand. */
  epoch: bigint | null;
  /** Number of times that the subscriber has refused this run's epoch. */
  refusals?: number;
  /** Largest permitted difference between the clocks of two machines. */
  skewMs?: number;
  /** Limits of a slice: at most `maxEvents` events, and about `maxBytes` bytes. */
  maxEvents: number;
  maxBytes: number;
  /** Reads the keys of events of tables in copy one by one, so that a key that cannot be read sets its table aside. */
  careful?: boolean;
  /** Reads all rows as events: they cannot be taken as rows, or one of them fails, and events show which. */
  asEvents?: boolean;
  /** The slice is one event that has failed alone in the maximum number of runs: it sets its table aside. */
  giveUp?: boolean;
  /** Longest wait for a lock on either side. It ends before the statement timeout, so a statement timeout is not caused by a lock. */
  lockTimeoutMs?: number | undefined;
  /** Number of events in the current slice, once it is known; kept if the slice fails. */
  stagedEvents?: number | undefined;
  onConflict: 'set-aside' | 'stop' | 'resync' | 'overwrite';
  onUnknownEvent: 'set-aside' | 'stop';
  /** Cancels a statement that would last longer than the run. */
  statementTimeoutMs: number;
  /**
   * Longest time that the subscriber's transaction waits for the next statement. It is longer than statementTimeoutMs: while a
   * statement of the provider runs, the subscriber waits, and a statement that takes too long must not end both sessions.
   */
  idleTimeoutMs: number;
  /** Returns the limit of the slice after the one that was applied, which is stored with the position; null if there is none. */
  limitAfterSlice?(slice: AppliedSlice): SliceLimit | null;
  /** Called between two steps; tests kill the run there. */
  at(step: ReplayStep): void | Promise<void>;
}

/** Limit of the next slice. */
export interface SliceLimit {
  events: number;
  /** Number of whole runs in which its event has failed alone. */
  failedAlone: number;
}

export interface AppliedSlice {
  events: number;
  /** True if the slice ended the batch. */
  complete: boolean;
}

/** The gaps between two steps. A run may die in each of them. */
export const replaySteps = [
  'batch.opened',
  'position.checked',
  'events.staged',
  'events.judged',
  'rows.applied',
  'position.advanced',
  'commit.before-finish',
  'batch.finished',
] as const;
export type ReplayStep = (typeof replaySteps)[number];

/** Result of applying one table's rows. */
export interface AppliedTable {
  table: string;
  inserted: bigint;
  updated: bigint;
  deleted: bigint;
  missing: bigint;
  conflicts: bigint;
  /** Rows that a later image of the same key replaced. */
  collapsed: bigint;
  /** True if the rows had to be applied one by one. */
  exact: boolean;
  /** The reason why the table was set aside. */
  error: string | null;
  /** The SQLSTATE that its rows raised; null if the table was set aside before they were applied. */
  state: string | null;
}

export type SliceResult =
  | { kind: 'idle' }
  | { kind: 'paused' }
  | { kind: 'already-applied' }
  | {
      kind: 'applied';
      /** False if the batch continues in the next slice. */
      complete: boolean;
      events: number;
      /** Limit of the next slice; null if there is none. */
      nextLimit: SliceLimit | null;
      bytes: number;
      skipped: number;
      parked: number;
      /** Events that could not be handled. */
      setAside: number;
      tables: AppliedTable[];
      /** Age of the batch's end, by the provider's clock, when the batch was opened. */
      behindSeconds: number;
    };
