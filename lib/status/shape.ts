import type { Role } from '../topology/tree.ts';
import type { Problem } from './found-problem.ts';

/** What `status` returns, as JSON carries it. */
export interface StatusResult {
  /** True: no problem that somebody should act upon. */
  healthy: boolean;
  queues: QueueStatus[];
}

export interface QueueStatus {
  name: string;
  /** Age of the last tick; null when the root cannot be reached or was never ticked. */
  ticker: { lagSeconds: number | null };
  /** The most events that a leaf may still have to apply; see Lag.pendingEvents. Null when the root cannot be read. */
  events: { pending: number | null };
  nodes: NodeStatus[];
}

export interface NodeStatus {
  name: string;
  type: Role;
  provider: string | null;
  /** How old what the node shows may be; 0 at the last tick with nothing waiting, null when unknown. */
  lagSeconds: number | null;
  tick: number | null;
  tables: TableStatus[];
  sequences: SequenceStatus[];
  problems: Problem[];
}

export interface TableStatus {
  name: string;
  /** `new`: its copy has not begun. Then `in-copy`, `catching-up`, `ok`. */
  state: string;
  copiedRows: number;
  totalRowsEstimate: number | null;
  /** Why it is set aside; null while it is not. */
  error: string | null;
}

export interface SequenceStatus {
  name: string;
  providerValue: number | null;
  subscriberValue: number | null;
}
