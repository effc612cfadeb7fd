import type { Candidate } from './entries.ts';

/** `in-flight`: some rows had not arrived yet when the time was over. `not-synced`: the copy is not done, so nothing was compared. */
export type Verdict = 'equal' | 'different' | 'in-flight' | 'not-synced' | 'error';

/** One differing row, seen from the subscriber. */
export interface RowDifference {
  kind: 'missing' | 'extra' | 'different';
  /** The key's values by column, as text; null in a table without a key. */
  key: Record<string, string> | null;
  /** In a table without a key: number of rows with the same content that are missing or extra. */
  rows?: number;
}

export interface TableReport {
  name: string;
  /** The subscriber. */
  node: string;
  providerRows: number;
  subscriberRows: number;
  /** Number of rows that permanently differ. A table without a key counts a changed row twice: missing and extra. */
  differences: number;
  /** Number of rows that differed, and had not arrived when the time was over. */
  inFlight: number;
  verdict: Verdict;
  /** Some of the differences whose keys are known; at most SAMPLE_SIZE. */
  sample?: RowDifference[];
  /** True if there were too many differences to confirm each. */
  approximate?: boolean;
  /** Columns that only one side has, which were not compared. */
  onlyProvider?: string[];
  onlySubscriber?: string[];
  error?: string;
  remedy?: string;
  outOfBudget?: boolean;
}

export const SAMPLE_SIZE = 20;

/** Adds confirmed differences to a table's report. */
export function addConfirmed(
  report: TableReport,
  keyColumns: readonly string[],
  confirmed: readonly Candidate[],
): void {
  for (const candidate of confirmed) {
    const provided = candidate.provider?.rows ?? 0;
    const held = candidate.subscriber?.rows ?? 0;
    report.differences += Math.max(1, Math.abs(provided - held));
    report.sample ??= [];
    if (report.sample.length >= SAMPLE_SIZE || (keyColumns.length > 0 && !candidate.key)) continue;
    const kind = provided > held ? 'missing' : provided < held ? 'extra' : 'different';
    report.sample.push({ kind, ...describeKey(candidate.key, keyColumns, Math.abs(provided - held)) });
  }
}

function describeKey(
  key: string[] | null,
  columns: readonly string[],
  rows: number,
): Pick<RowDifference, 'key' | 'rows'> {
  if (!key) return { key: null, rows };
  return { key: Object.fromEntries(columns.map((column, nr) => [column, key[nr] ?? ''])) };
}

export function verdictOf(report: TableReport): Verdict {
  if (report.error) return 'error';
  if (report.differences > 0) return 'different';
  return report.inFlight > 0 ? 'in-flight' : 'equal';
}
