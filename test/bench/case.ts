/** What a case of the benchmark receives, and what it returns. */
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';
import type { Build } from './build.ts';

export interface Bench {
  readonly build: Build;
  readonly rounds: number;
  /** 1 stands for the sizes of the documentation; rows, transactions and seconds are multiplied by it. */
  readonly scale: number;
  /** False once the case has used up its share of the run's time: it ends what it has begun, and begins no further round. */
  hasTime(): boolean;
  /** Shows progress to the user. */
  say(line: string): void;
  /** Details for the search for a bottleneck. */
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
  /** After this time it begins no further round. */
  minutes: number;
  run(bench: Bench): Promise<BenchResult[]>;
}

/** One line of the table, and one element of `--json`. */
export interface BenchResult {
  name: string;
  ours: number;
  unit: string;
  peers: Record<string, number>;
  /** Ours divided by the peer that the goal names; for growth the exponent; null if there is no peer. */
  ratio: number | null;
  goal: string | null;
  /** Null if there is no goal, or its peer is not installed. */
  met: boolean | null;
}

/** A size at this scale: at least `least`. */
export function scaled({ scale }: Bench, size: number, least = 1): number {
  return Math.max(least, Math.round(size * scale));
}

/** The WAL level for logical decoding, if one of the peers uses it. */
export const logicalWal = { wal_level: 'logical', max_replication_slots: '20', max_wal_senders: '20' };
