import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';

/** The two databases under comparison. */
export interface Sides {
  provider: Client;
  subscriber: Client;
  budget: Budget;
}

/** Reads in one short transaction with one snapshot and pinned settings. It is canceled when the budget ends. */
export function readOnly<T>(client: Client, budget: Budget, work: () => Promise<T>): Promise<T> {
  return client.transaction(
    { isolation: 'repeatable read', readOnly: true, statementTimeoutMs: Math.max(1, budget.remainingMs()) },
    work,
  );
}
