/** What a case of the benchmark gets, and what it gives back. */
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';
import type { Build } from './build.ts';

export interface Bench {
  readonly build: Build;
  readonly rounds: number;
  /** 1: the sizes of the documentation. Rows, transactions and seconds are multiplied by it. */
  readonly scale: number;
  /** False once the case has had its share of the run's time: what is begun is finished, and no further round begun. */
  hasTime(): boolean;
  /** Tells the person who waits. */
  say(line: string): void;
  /** Details that only somebody who looks for a bottleneck wants. */
  detail(line: string): void;
  /** Starts a server that is removed when the case ends. */
  server(settings?: Record<string, string>): Promise<PostgresServer>;
  /** A folder that is removed when the case ends. */
  folder(): string;
  /** Registers what to end when the case ends; the last registered goes first. */
  onEnd(ending: () => Promise<void>): void;
}

export interface BenchCase {
  name: string;
  /** Its share of the 25 minutes that all cases may take. */
  minutes: number;
  run(bench: Bench): Promise<BenchResult[]>;
}

/** One line of the table, and one element of `--json`. */
export interface BenchResult {
  name: string;
  ours: number;
  unit: string;
  peers: Record<string, number>;
  /** Ours divided by the peer that the goal names; for growth the exponent; null without a peer. */
  ratio: number | null;
  goal: string | null;
  /** Null where there is no goal, or its peer is not installed. */
  met: boolean | null;
}

/** A size at this scale: at least `least`. */
export function scaled({ scale }: Bench, size: number, least = 1): number {
  return Math.max(least, Math.round(size * scale));
}

/** WAL of logical decoding only where logical decoding is a peer. */
export const logicalWal = { wal_level: 'logical', max_replication_slots: '20', max_wal_senders: '20' };
