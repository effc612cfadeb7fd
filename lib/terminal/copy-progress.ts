/** The progress of each table's copy: how far it is, how fast, and the time left. Independent of terminals. */
export interface TableProgress {
  table: string;
  rows: number;
  /** An estimate; never less than `rows`. */
  totalRows: number;
  rowsPerSecond: number;
  /** Null while the speed is not known. */
  secondsLeft: number | null;
}

interface Sample {
  atMs: number;
  rows: number;
}

/** Speed is measured over this time, so that a pause shows. */
const WINDOW_MS = 5_000;

export class CopyProgress {
  readonly #samples = new Map<string, Sample[]>();
  readonly #totals = new Map<string, number>();

  /** Records the present state of a table. A decrease of the rows (a copy that begins again) resets it. */
  note(table: string, rows: number, totalRows: number, nowMs: number): void {
    let samples = this.#samples.get(table) ?? [];
    const last = samples.at(-1);
    if (last && rows < last.rows) samples = [];
    samples.push({ atMs: nowMs, rows });
    const keepFrom = samples.findLastIndex(({ atMs }) => atMs <= nowMs - WINDOW_MS);
    this.#samples.set(table, samples.slice(Math.max(0, keepFrom)));
    this.#totals.set(table, totalRows);
  }

  of(table: string): TableProgress {
    const samples = this.#samples.get(table) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    const rows = last?.rows ?? 0;
    const totalRows = Math.max(rows, this.#totals.get(table) ?? 0);
    const elapsed = first && last ? (last.atMs - first.atMs) / 1000 : 0;
    const rowsPerSecond = first && last && elapsed > 0 ? (last.rows - first.rows) / elapsed : 0;
    const secondsLeft = rowsPerSecond > 0 ? (totalRows - rows) / rowsPerSecond : null;
    return { table, rows, totalRows, rowsPerSecond, secondsLeft };
  }
}
