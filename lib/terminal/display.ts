/** The output while `run` works: a bar for each table in copy and a line for the lag, or plain lines. */
import cliProgress from 'cli-progress';
import type { TableProgress } from './copy-progress.ts';
import { count, duration } from './figures.ts';
import type { Terminal } from './terminal.ts';

export interface Display {
  /** Writes a line that stays. */
  say(line: string): void;
  /** Shows the present state: tables in copy, and one line on lag. */
  show(tables: readonly TableProgress[], lagLine: string): void;
  /** Reports that a table has been copied. */
  copied(table: TableProgress): void;
  close(): void;
}

export function openDisplay(terminal: Terminal, doing: 'copying' | 'comparing' = 'copying'): Display {
  return terminal.interactive ? barDisplay() : lineDisplay(terminal, doing);
}

function speed(progress: TableProgress): string {
  if (progress.rowsPerSecond < 1) return 'waiting';
  const left = progress.secondsLeft === null ? '' : `, ${duration(progress.secondsLeft)} left`;
  return `${count(progress.rowsPerSecond)} rows/s${left}`;
}

function percentage({ rows, totalRows }: TableProgress): number {
  return totalRows > 0 ? Math.floor((100 * rows) / totalRows) : 0;
}

const LINE_EVERY_MS = 5_000;
/** Most tables that are shown by name. */
const MAX_TABLES = 8;

/** Returns the tables that have begun, and wait only for more rows. */
function worthShowing(tables: readonly TableProgress[]): TableProgress[] {
  return tables.filter(({ rows, totalRows }) => rows > 0 && rows < totalRows).slice(0, MAX_TABLES);
}

/** For logs and pipes: writes a line from time to time, and never overwrites one. */
function lineDisplay(terminal: Terminal, doing: string): Display {
  let due = performance.now() + LINE_EVERY_MS;
  return {
    say: (line) => terminal.err(line),
    show(tables, lagLine) {
      if (performance.now() < due) return;
      due = performance.now() + LINE_EVERY_MS;
      for (const table of worthShowing(tables))
        terminal.err(
          `${doing} ${table.table}: ${percentage(table)} % of ${count(table.totalRows)} rows, ${speed(table)}`,
        );
      if (lagLine) terminal.err(lagLine);
    },
    copied: (table) => terminal.err(`copied ${table.table}: ${count(table.rows)} rows`),
    close() {},
  };
}

/** Options of every bar of this program. */
export const barOptions: cliProgress.Options = {
  stream: process.stderr,
  barsize: 24,
  barCompleteChar: '█',
  barIncompleteChar: '░',
  hideCursor: true,
  clearOnComplete: true,
  // The caller handles signals, and closes what it has opened.
  gracefulExit: false,
};

const BAR_FORMAT = '{name} {bar} {percent} {figures}';

function barDisplay(): Display {
  const bars = new cliProgress.MultiBar(
    { ...barOptions, format: BAR_FORMAT, emptyOnZero: true },
    cliProgress.Presets.shades_classic,
  );
  const shown = new Map<string, cliProgress.SingleBar>();
  const lag = bars.create(1, 0, { line: '' }, { format: '{line}' });
  const payload = (table: TableProgress) => ({
    name: table.table.padEnd(24),
    percent: `${percentage(table)} %`.padStart(5),
    figures: `${count(table.rows)}/${count(table.totalRows)} rows, ${speed(table)}`,
  });
  const remove = (name: string) => {
    const bar = shown.get(name);
    if (bar) bars.remove(bar);
    shown.delete(name);
  };
  return {
    say: (line) => bars.log(`${line}\n`),
    show(tables, lagLine) {
      const wanted = worthShowing(tables);
      for (const table of wanted) {
        const bar = shown.get(table.table);
        if (bar) {
          bar.setTotal(Math.max(1, table.totalRows));
          bar.update(table.rows, payload(table));
        } else {
          shown.set(table.table, bars.create(Math.max(1, table.totalRows), table.rows, payload(table)));
        }
      }
      for (const name of shown.keys()) if (!wanted.some(({ table }) => table === name)) remove(name);
      lag.update(0, { line: lagLine });
      bars.update();
    },
    copied(table) {
      remove(table.table);
      bars.log(`copied ${table.table}: ${count(table.rows)} rows\n`);
    },
    close: () => bars.stop(),
  };
}
