/** The resources that processes have used, from Linux's /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresServer } from '../../lib/demo/postgres-server.ts';

/** Linux's user-visible clock tick: 100 on all platforms of Node. */
const TICKS_PER_SECOND = 100;

/** pid, parent and times of a process, in clock ticks; undefined if it has ended. */
function statOf(pid: string): { parent: string; own: number; reaped: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in brackets, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, reapedUser, reapedSystem] = fields.slice(11, 15).map(Number);
  return {
    parent: fields[1] ?? '',
    own: (user ?? 0) + (system ?? 0),
    reaped: (reapedUser ?? 0) + (reapedSystem ?? 0),
  };
}

/**
 * CPU seconds of a server since it started: those of its postmaster, of its children, and of the children that have ended;
 * NaN if there is no /proc.
 */
export function cpuSecondsOf(server: PostgresServer): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN;
  const [postmaster = ''] = readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
  for (;;) {
    const main = statOf(postmaster);
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => statOf(pid) ?? [])
      .filter(({ parent }) => parent === postmaster);
    // A child that ends meanwhile would be missed: its times move to its parent only when the parent notices.
    if (!main) throw new Error('the server is gone');
    if (main.reaped !== statOf(postmaster)?.reaped) continue;
    const ticks = main.own + main.reaped + children.reduce((sum, { own }) => sum + own, 0);
    return ticks / TICKS_PER_SECOND;
  }
}
