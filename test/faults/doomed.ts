/** Runs that are killed (SIGKILL). One process is started in advance, so that the next run does not have to wait for it. */
import { type ChildProcess, fork } from 'node:child_process';
import { onFileEnd } from '../support/file-scope.ts';
import type { DoomedOrder, DoomedReport } from './doomed-child.ts';

const CHILD = new URL('./doomed-child.ts', import.meta.url).pathname;

let warm: ChildProcess | undefined;
let registered = false;

function spawnChild(): ChildProcess {
  const child = fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  child.on('error', () => undefined);
  return child;
}

export function keepWarm(): void {
  warm ??= spawnChild();
  if (registered) return;
  registered = true;
  onFileEnd(async () => {
    warm?.kill('SIGKILL');
    warm = undefined;
    registered = false;
  });
}

export interface DoomedEnd {
  killed: boolean;
  end: string;
  message: string;
}

/** Runs a unit until `diesAt` returns true in the gap of that name, or to its end. */
export async function runDoomed(
  order: DoomedOrder,
  diesAt: (gap: string) => Promise<boolean>,
): Promise<DoomedEnd> {
  keepWarm();
  const child = warm ?? spawnChild();
  warm = undefined;
  return new Promise((resolve, reject) => {
    let killed = false;
    let last: DoomedEnd = { killed: false, end: 'exit', message: '' };
    const onGap = async (gap: string, nr: number) => {
      if (await diesAt(gap)) {
        killed = true;
        child.kill('SIGKILL');
      } else if (!killed) child.send(nr);
    };
    child.on('message', (report: DoomedReport) => {
      if ('gap' in report) void onGap(report.gap, report.nr).catch(reject);
      else if ('end' in report) {
        last = { killed: false, ...report };
        child.disconnect();
      }
    });
    child.once('exit', () => {
      keepWarm();
      resolve(killed ? { killed: true, end: 'killed', message: '' } : last);
    });
    child.send(order);
  });
}
