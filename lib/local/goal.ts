/** Judges from `status` whether `run --until …` has reached its goal. */
import { shellWord } from '../shell-word.ts';
import { count, duration, plural, waiting } from '../terminal/figures.ts';
import type { NodeStatus, QueueStatus, StatusResult, TableStatus } from '../units/status.ts';

/** `missing` states in one line what is not done yet; `hopeless` states what further running cannot achieve. */
export type Progress = { met: true } | { met: false; missing: string } | { hopeless: string; remedy: string };

/** A lag that counts as small: that of a queue that is ticked and replayed every second or two. */
const SMALL_LAG_SECONDS = 10;

/** The tick that each queue got after the start, by the queue's name. */
export type Ticks = ReadonlyMap<string, bigint>;

/**
 * The goal is met if every table is copied and follows, every leaf has reached the tick after the start, and none is
 * far behind.
 */
export function synced(status: StatusResult, ticks: Ticks): Progress {
  return first(status, (queue, leaf) => {
    const open = notCopied(queue, leaf) ?? notAtTick(queue, leaf, ticks);
    if (open) return open;
    if (leaf.lagSeconds !== null && leaf.lagSeconds <= SMALL_LAG_SECONDS) return { met: true };
    const lag = leaf.lagSeconds === null ? 'of unknown length' : `of ${duration(leaf.lagSeconds)}`;
    return { met: false, missing: `${queue.name}: ${leaf.name} has a lag ${lag}` };
  });
}

/** The goal is met if every leaf has applied its queue up to `ticks`, and no event waits for a tick. */
export function idle(status: StatusResult, ticks: Ticks): Progress {
  return first(status, (queue, leaf) => {
    const open = notCopied(queue, leaf) ?? notAtTick(queue, leaf, ticks);
    if (open) return open;
    if (queue.events.pending !== 0)
      return {
        met: false,
        missing: `${queue.name}: ${waiting(queue.events.pending)} for a tick`,
      };
    return { met: true };
  });
}

function notAtTick(queue: QueueStatus, leaf: NodeStatus, ticks: Ticks): Progress | undefined {
  const wanted = ticks.get(queue.name);
  if (wanted !== undefined && leaf.tick !== null && BigInt(leaf.tick) >= wanted) return undefined;
  return {
    met: false,
    missing: `${queue.name}: ${leaf.name} is at tick ${leaf.tick}, and must come to ${wanted ?? 'the next one'}`,
  };
}

export function leavesOf(queue: QueueStatus): NodeStatus[] {
  return queue.nodes.filter((node) => node.type !== 'root');
}

function first(status: StatusResult, judge: (queue: QueueStatus, leaf: NodeStatus) => Progress): Progress {
  for (const queue of status.queues) {
    for (const leaf of leavesOf(queue)) {
      const progress = judge(queue, leaf);
      if (!('met' in progress) || !progress.met) return progress;
    }
  }
  return { met: true };
}

/** A table in error is hopeless only once all other tables are done: until then, further running helps. */
function notCopied(queue: QueueStatus, leaf: NodeStatus): Progress | undefined {
  const open = leaf.tables.filter((table) => table.state !== 'ok' && table.error === null);
  if (open.length > 0) return { met: false, missing: `${leaf.name}: ${describe(open)}` };
  const broken = leaf.tables.find((table) => table.error !== null);
  if (!broken) return undefined;
  return {
    hopeless: `${leaf.name}: ${broken.name} is set aside: ${broken.error}`,
    remedy: `fix the cause, then copy it again: pgtide resync ${queue.name} ${shellWord(broken.name)}`,
  };
}

function describe(tables: readonly TableStatus[]): string {
  const [table] = tables;
  if (!table) return '';
  const others = tables.length > 1 ? ` and ${plural(tables.length - 1, 'other table')}` : '';
  const rows = `${count(table.copiedRows)} of about ${count(table.totalRowsEstimate ?? 0)} rows`;
  return `${table.name} (${table.state}, ${rows})${others} not yet in sync`;
}
