/**
 * Runs the scheduled functions of some queues in this process until a goal is met, the time is over, or a stop is
 * requested. Shows the progress.
 */
import { CopyProgress } from '../terminal/copy-progress.ts';
import type { Display } from '../terminal/display.ts';
import { count, duration, plural, waiting } from '../terminal/figures.ts';
import { isSubscriber, nodesOf } from '../topology/tree.ts';
import type { Unit } from '../unit-context/context.ts';
import { type UnitName, units } from '../unit-context/registry.ts';
import { copy } from '../units/copy.ts';
import { maintain } from '../units/maintain.ts';
import { replay } from '../units/replay.ts';
import type { NodeStatus, StatusResult } from '../units/status.ts';
import { tick } from '../units/tick.ts';
import { type CommandResult, fails, holds, interrupted } from './command-result.ts';
import { idle, leavesOf, type Progress, synced, type Ticks } from './goal.ts';
import { readStatus } from './read-status.ts';
import { type Job, runJobs } from './scheduler.ts';
import type { Session } from './session.ts';
import { tickNow } from './tick-now.ts';

export interface FollowOptions {
  queues: string[];
  everyMs: number;
  /** The goal to end at, judged each time the status is read. Without it: until stopped, or for `forMs`. */
  until?: keyof typeof goals | undefined;
  forMs?: number | undefined;
  display: Display;
  onStatus?: (status: StatusResult) => void;
  stopping: AbortSignal;
}

/** The units that a schedule starts. */
export const scheduledUnits: readonly { name: UnitName; unit: Unit; leastEveryMs: number }[] = [
  { name: 'tick', unit: tick, leastEveryMs: 0 },
  { name: 'replay', unit: replay, leastEveryMs: 0 },
  { name: 'copy', unit: copy, leastEveryMs: 0 },
  { name: 'maintain', unit: maintain, leastEveryMs: 30_000 },
];

const goals = { synced, idle };

/** A copy that begins again returns to `new`. */
const COPIED: ReadonlySet<string> = new Set(['catching-up', 'ok']);
const LOOK_EVERY_MS = 1_000;
/**
 * Reading the status of many tables takes time, and the servers have other work: the pause after it is this many
 * times as long.
 */
const PAUSES_PER_LOOK = 4;

export async function follow(session: Session, options: FollowOptions): Promise<CommandResult> {
  const blocked = whatBlocks(await readStatus(session, options.queues));
  if (blocked) return blocked;
  const ticks = await tickNow(session, options.until ? options.queues : []);
  const done = new AbortController();
  const timer = options.forMs === undefined ? undefined : setTimeout(() => done.abort(), options.forMs);
  const watch = new Watch(session, { ...options, ticks }, () => done.abort());
  const jobs = [
    ...jobsOf(session, options, watch),
    { name: 'status', everyMs: LOOK_EVERY_MS, run: () => watch.look() },
  ];
  try {
    await runJobs(jobs, {
      stopping: AbortSignal.any([options.stopping, done.signal]),
      onTrouble: (job, error) =>
        options.display.say(`${job.name}: ${error.message}; the next run tries again`),
    });
  } finally {
    clearTimeout(timer);
  }
  return watch.verdict();
}

function jobsOf(session: Session, options: FollowOptions, watch: Watch): Job[] {
  return options.queues.flatMap((queue) => {
    return scheduledUnits.flatMap(({ name, unit, leastEveryMs }) =>
      nodesOf(session.config, queue, units[name].worksFor).map((node) => ({
        name: `${name} ${queue}/${node}`,
        everyMs: Math.max(leastEveryMs, options.everyMs),
        optional: name === 'maintain',
        run: async () => {
          await session.scheduled({
            unitName: name,
            unit,
            queue,
            node,
            progress: (event) => {
              if ('rows' in event) watch.note(event.node, event.table, event.rows, event.totalRows);
            },
          });
        },
      })),
    );
  });
}

/** Returns true if nothing more is to be copied, and some table waits for replay. */
function waitsForTick({ tables }: NodeStatus): boolean {
  const states = tables.filter(({ error }) => error === null).map(({ state }) => state);
  return states.includes('catching-up') && states.every((state) => state === 'catching-up' || state === 'ok');
}

const blocking = new Set(['node-unreachable', 'login-refused', 'node-missing', 'privilege-missing']);

/** Problems at the start (no such host, nothing installed) are not fixed by a later run. */
function whatBlocks({ queues }: StatusResult): CommandResult | undefined {
  const problems = queues.flatMap(({ nodes }) => nodes.flatMap((node) => node.problems));
  const found = problems.find(({ code }) => blocking.has(code));
  return found && fails(found.message, found.remedy);
}

/** Reads the status from time to time: updates the display, and detects that the goal is met. */
class Watch {
  readonly #session: Session;
  readonly #options: FollowOptions & { ticks: Ticks };
  readonly #end: () => void;
  readonly #copy = new CopyProgress();
  /** Counts tables instead of rows. */
  readonly #tables = new CopyProgress();
  readonly #copying = new Set<string>();
  /** Queues that have had their extra tick. */
  readonly #ticked = new Set<string>();
  #progress: Progress | undefined;
  #lookAfter = 0;

  constructor(session: Session, options: FollowOptions & { ticks: Ticks }, end: () => void) {
    this.#session = session;
    this.#options = options;
    this.#end = end;
  }

  note(node: string, table: string, rows: number, totalRows: number): void {
    this.#copy.note(this.#key(node, table), rows, totalRows, performance.now());
  }

  async look(): Promise<void> {
    const began = performance.now();
    if (began < this.#lookAfter) return;
    const status = await readStatus(this.#session, this.#options.queues);
    this.#lookAfter = performance.now() + PAUSES_PER_LOOK * (performance.now() - began);
    this.#show(status);
    this.#options.onStatus?.(status);
    const { until, ticks } = this.#options;
    if (until) this.#progress = goals[until](status, ticks);
    await this.#tickForCopies(status);
    if (this.#progress && !('met' in this.#progress && !this.#progress.met)) this.#end();
  }

  /**
   * A copied table is in sync once replay has passed the snapshots of its chunks. On a quiet queue the tick for that
   * comes only after the idle period; with a goal it is made at once.
   */
  async #tickForCopies({ queues }: StatusResult): Promise<void> {
    if (!this.#options.until) return;
    const waiting = queues.filter(
      (queue) => queue.events.pending === 0 && leavesOf(queue).some(waitsForTick),
    );
    const unticked = waiting.map(({ name }) => name).filter((name) => !this.#ticked.has(name));
    for (const name of unticked) this.#ticked.add(name);
    await tickNow(this.#session, unticked);
  }

  verdict(): CommandResult {
    const { until, stopping, forMs } = this.#options;
    const progress = this.#progress;
    if (progress && 'hopeless' in progress) return fails(progress.hopeless, progress.remedy);
    if (progress?.met) return holds;
    if (stopping.aborted) return interrupted;
    if (!until) return holds;
    const missing = progress?.missing ?? 'the status was never seen';
    return fails(
      `not ${until} after ${duration((forMs ?? 0) / 1000)}: ${missing}`,
      'run it for longer, or look for what hinders it: pgtide status',
    );
  }

  #show(status: StatusResult): void {
    const now = performance.now();
    const lags: string[] = [];
    for (const queue of status.queues) {
      for (const leaf of leavesOf(queue)) {
        for (const table of leaf.tables) {
          const key = this.#key(leaf.name, table.name);
          const { rows } = this.#copy.of(key);
          if (table.copiedRows > rows || table.state !== 'in-copy')
            this.#copy.note(key, table.copiedRows, table.totalRowsEstimate ?? 0, now);
          if (table.state === 'in-copy') this.#copying.add(key);
          else if (this.#copying.delete(key) && COPIED.has(table.state))
            this.#options.display.copied(this.#copy.of(key));
        }
        const lag = leaf.lagSeconds === null ? 'lag unknown' : `lag ${duration(leaf.lagSeconds)}`;
        const state =
          this.#copyingLine(`${queue.name}/${leaf.name}`, leaf, now) ??
          `${lag}, ${waiting(queue.events.pending)}`;
        lags.push(`${queue.name}/${leaf.name}: ${state}`);
      }
    }
    this.#options.display.show(
      [...this.#copying].map((key) => this.#copy.of(key)),
      lags.join('; '),
    );
  }

  /** While tables are being copied: how many are done, how fast, and the time left. */
  #copyingLine(place: string, leaf: NodeStatus, now: number): string | undefined {
    const meant = leaf.tables.filter(({ error }) => error === null);
    const done = meant.filter(({ state }) => COPIED.has(state));
    if (done.length === meant.length) return undefined;
    this.#tables.note(place, done.length, meant.length, now);
    const { secondsLeft } = this.#tables.of(place);
    const inCopy = meant.filter(({ state }) => state === 'in-copy');
    const speed = inCopy.reduce(
      (sum, { name }) => sum + this.#copy.of(this.#key(leaf.name, name)).rowsPerSecond,
      0,
    );
    const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
    return `${count(done.length)} of ${plural(meant.length, 'table')} copied, ${count(speed)} rows/s${left}`;
  }

  /** With one leaf, the key is the table's name alone. */
  #key(node: string, table: string): string {
    const { config } = this.#session;
    const leaves = this.#options.queues.reduce(
      (sum, queue) => sum + nodesOf(config, queue, isSubscriber).length,
      0,
    );
    return leaves > 1 ? `${node} ${table}` : table;
  }
}
