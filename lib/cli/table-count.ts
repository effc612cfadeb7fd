/** Progress output while tables join or leave a queue one by one: how many are done, and the time left. */
import cliProgress from 'cli-progress';
import { barOptions } from '../terminal/display.ts';
import { count, duration } from '../terminal/figures.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { ProgressEvent, TableCountProgress } from '../unit-context/context.ts';

export interface TableCount {
  show(event: ProgressEvent): void;
  close(): void;
}

const doing = { create: 'creating', add: 'adding', remove: 'removing' };
const LINE_EVERY_MS = 5_000;

/** Opens a bar for each step on a terminal; in logs and pipes, writes a line from time to time. */
export function openTableCount(terminal: Terminal): TableCount {
  const began = new Map<string, number>();
  const figures = (event: TableCountProgress): string => {
    const step = `${event.step} ${event.node}`;
    const now = performance.now();
    const since = began.get(step) ?? now;
    began.set(step, since);
    const left = event.tables > 0 ? ((now - since) / event.tables) * (event.totalTables - event.tables) : 0;
    const time = now > since && left > 1_000 ? `, ${duration(left / 1000)} left` : '';
    return `${count(event.tables)} of ${count(event.totalTables)} tables${time}`;
  };
  return terminal.interactive ? bars(figures) : lines(terminal, figures);
}

type Figures = (event: TableCountProgress) => string;

function lines(terminal: Terminal, figures: Figures): TableCount {
  let due = performance.now() + LINE_EVERY_MS;
  return {
    show(event) {
      if (!('tables' in event)) return;
      const line = `${doing[event.step]} on ${event.node}: ${figures(event)}`;
      if (performance.now() < due) return;
      due = performance.now() + LINE_EVERY_MS;
      terminal.err(line);
    },
    close() {},
  };
}

function bars(figures: Figures): TableCount {
  const bar = new cliProgress.SingleBar(
    { ...barOptions, format: '{name} {bar} {figures}' },
    cliProgress.Presets.shades_classic,
  );
  let open = false;
  return {
    show(event) {
      if (!('tables' in event)) return;
      const payload = {
        name: `${doing[event.step]} on ${event.node}`.padEnd(24),
        figures: figures(event),
      };
      if (!open) bar.start(event.totalTables, event.tables, payload);
      open = true;
      bar.setTotal(event.totalTables);
      bar.update(event.tables, payload);
    },
    close() {
      if (open) bar.stop();
    },
  };
}
