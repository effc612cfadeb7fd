import type { Role } from '../topology/tree.ts';
import type { Problem } from './found-problem.ts';

/** The result of `status`, in JSON form. */
export interface StatusResult {
  /** True if there is no problem that requires action. */
  healthy: boolean;
  queues: QueueStatus[];
}

export interface QueueStatus {
  name: string;
  /** Age of the last tick; null if the root cannot be reached, or has no tick yet. */
  ticker: { lagSeconds: number | null };
  /** Largest number of events that a leaf may still have to apply; see Lag.pendingEvents. Null if the root cannot be read. */
  events: { pending: number | null };
  nodes: NodeStatus[];
}

export interface NodeStatus {
  name: string;
  type: Role;
  provider: string | null;
  /** Largest possible age of the node's data; 0 at the last tick with no events waiting, null if unknown. */
  lagSeconds: number | null;
  tick: number | null;
  tables: TableStatus[];
  sequences: SequenceStatus[];
  problems: Problem[];
}

export interface TableStatus {
  name: string;
  /** `new` until its copy begins, then `in-copy`, `catching-up`, `ok`. */
  state: string;
  copiedRows: number;
  totalRowsEstimate: number | null;
  /** The reason why it is set aside; null if it is not set aside. */
  error: string | null;
}

export interface SequenceStatus {
  name: string;
  providerValue: number | null;
  subscriberValue: number | null;
}
