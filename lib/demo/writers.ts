/**
 * The application that writes while its database is copied: a few connections, each at a steady pace, so that the
 * machine keeps up and the demo shows replication and not the machine's limit.
 */

import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { Shop } from './shop.ts';

export interface Writers {
  /** Transactions committed so far. */
  readonly transactions: number;
  /** Runs one statement of the application besides the paced ones. */
  once(statement: string): Promise<void>;
  /** Ends every writer after its transaction, and reports the first unexpected failure. */
  stop(): Promise<void>;
}

export interface WriterOptions {
  connections: number;
  transactionsPerSecond: number;
}

/** Starts the writers; they run until `stop`. */
export function startWriters(shop: Shop, options: WriterOptions): Writers {
  const stopping = new AbortController();
  const state = { transactions: 0 };
  const pauseMs = (1000 * options.connections) / options.transactionsPerSecond;
  const write = (client: Client) => writeUntil(client, pauseMs, stopping.signal, () => state.transactions++);
  const running = Array.from({ length: options.connections }, () => shop.asApplication(write));
  // stop() reports the failure of a writer; until then its rejection has no other handler.
  for (const writer of running) writer.catch(() => undefined);
  return {
    get transactions() {
      return state.transactions;
    },
    once: (statement) => shop.asApplication((client) => retryWhenBusy(() => client.query(statement))),
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function writeUntil(
  client: Client,
  pauseMs: number,
  stopping: AbortSignal,
  committed: () => void,
): Promise<void> {
  let next = performance.now();
  while (!stopping.aborted) {
    await retryWhenBusy(() => client.query('select simulate.work()'));
    committed();
    // A writer that fell behind does not speed up to catch up.
    next = Math.max(next + pauseMs, performance.now());
    await pause(next - performance.now(), stopping);
  }
}

/** Retries statements that two writers refused each other (a deadlock), as an application does. */
async function retryWhenBusy(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt >= 10 || !(error instanceof PgtideError) || error.kind !== 'busy') throw error;
    }
  }
}
