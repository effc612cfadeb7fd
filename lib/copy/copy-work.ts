import type { Client } from '../db/client.ts';

/** What copying to one node works with. */
export interface Copy {
  queue: string;
  /** Opens a pair of connections for the time of `work`. */
  withPair<T>(work: (pair: CopyPair) => Promise<T>): Promise<T>;
  chunkBytes: number;
  /** Cancels a statement that would outlive the run. */
  statementTimeoutMs(): number;
  /** Chunks announced before belong to runs that have ended; the subscriber's text of a time. */
  startedAt: string;
  /** A table that cannot be copied waits with its reason while the others go on; otherwise it stops them all. */
  setsAside: boolean;
  at(step: CopyStep): void | Promise<void>;
  onCopied(table: string, rows: number, bytes: number): void;
  onSetAside(table: string): void;
}

export interface CopyPair {
  provider: Client;
  subscriber: Client;
}

/** The gaps between two steps, each a place where a run may die. */
export const copySteps = [
  'copy.planned',
  'chunk.announced',
  'snapshot.taken',
  'chunk.copied',
  'chunk.stored',
  'chunk.committed',
  'index.restored',
] as const;
export type CopyStep = (typeof copySteps)[number];
