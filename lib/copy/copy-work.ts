import type { Client } from '../db/client.ts';

/** Settings and connections for copying to one node. */
export interface Copy {
  queue: string;
  /** Opens a pair of connections for the duration of `work`. */
  withPair<T>(work: (pair: CopyPair) => Promise<T>): Promise<T>;
  chunkBytes: number;
  /** Cancels a statement that would last longer than the run. */
  statementTimeoutMs(): number;
  /** Chunks announced before this time belong to runs that have ended. A timestamp of the subscriber, as text. */
  startedAt: string;
  /** If true, a table that cannot be copied is set aside with the reason, and other tables continue. If false, it stops them all. */
  setsAside: boolean;
  at(step: CopyStep): void | Promise<void>;
  onCopied(table: string, rows: number, bytes: number): void;
  onSetAside(table: string): void;
}

export interface CopyPair {
  provider: Client;
  subscriber: Client;
}

/** The gaps between two steps. A run may die in each of them. */
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
