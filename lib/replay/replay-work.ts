import type { Client } from '../db/client.ts';

/** What replay of one node works with. */
export interface Replay {
  queue: string;
  /** The node's consumer on the provider's queue. */
  consumer: string;
  provider: Client;
  subscriber: Client;
  /** The lease's fencing token; null when run by hand. */
  epoch: bigint | null;
  /** How often the subscriber has refused this run's epoch. */
  refusals?: number;
  /** How far the clocks of two machines may differ. */
  skewMs?: number;
  /** Where a slice ends: it holds at most so many events, and about so many bytes of them. */
  maxEvents: number;
  maxBytes: number;
  /** Keys of events of tables in copy are read one by one, so that one that cannot be read sets its table aside. */
  careful?: boolean;
  /** The slice is one event that has failed alone in as many runs as it gets: it sets its table aside. */
  giveUp?: boolean;
  /** Waiting for a lock longer than this, on either side, is given up before the statement times out; so a timeout is not the lock's fault. */
  lockTimeoutMs?: number | undefined;
  /** How many events the slice under way holds, once that is known; stays when the slice fails. */
  stagedEvents?: number | undefined;
  onConflict: 'set-aside' | 'stop' | 'resync' | 'overwrite';
  onUnknownEvent: 'set-aside' | 'stop';
  /** Cancels a statement that would outlive the run. */
  statementTimeoutMs: number;
  /** Called between two steps; tests kill the run there. */
  at(step: ReplayStep): void | Promise<void>;
}

/** The gaps between two steps, each a place where a run may die. */
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

/** What one table's rows came to. */
export interface AppliedTable {
  table: string;
  inserted: bigint;
  updated: bigint;
  deleted: bigint;
  missing: bigint;
  conflicts: bigint;
  /** Rows that a later image of the same key replaced. */
  collapsed: bigint;
  /** True when the rows had to be applied one by one. */
  exact: boolean;
  /** Why the table was set aside. */
  error: string | null;
  /** The SQLSTATE that its rows met; null: it was set aside before they were applied. */
  state: string | null;
}

export type SliceResult =
  | { kind: 'idle' }
  | { kind: 'paused' }
  | { kind: 'already-applied' }
  | {
      kind: 'applied';
      /** False: the batch goes on in the next slice. */
      complete: boolean;
      events: number;
      bytes: number;
      skipped: number;
      parked: number;
      /** Events that could not be handled. */
      setAside: number;
      tables: AppliedTable[];
      /** Age of the batch's end, by the provider's clock, when the batch was opened. */
      behindSeconds: number;
    };
