/**
 * The demo: PostgreSQL 17 copies and follows a live shop on PostgreSQL 13, with the same units that the command line
 * and the functions run. At the end both are proven equal.
 */

import { type CommandResult, fails, holds } from '../local/command-result.ts';
import { type FollowOptions, follow } from '../local/follow.ts';
import { leavesOf } from '../local/goal.ts';
import { compareLive, compareVerdict } from '../local/live-compare.ts';
import { readStatus } from '../local/read-status.ts';
import type { Session } from '../local/session.ts';
import type { Display } from '../terminal/display.ts';
import { count, duration, plural } from '../terminal/figures.ts';
import { addTable, addTableInput } from '../units/add-table.ts';
import { install } from '../units/install.ts';
import type { StatusResult } from '../units/status.ts';
import { type DemoServers, QUEUE } from './demo-servers.ts';
import { duringCopy, duringFollow, type Happening, play, type Stage } from './happenings.ts';
import { measureIdle } from './idle-cost.ts';
import type { MonthlyCost } from './monthly-cost.ts';
import { fillShop, type Shop } from './shop.ts';
import type { DemoSummary, Timing } from './summary.ts';
import { startWriters, type Writers } from './writers.ts';

export interface DemoOptions {
  servers: DemoServers;
  session: Session;
  display: Display;
  stopping: AbortSignal;
}

export interface DemoResult {
  summary: DemoSummary;
  timing: Timing;
  cost: MonthlyCost;
  verdict: CommandResult;
}

const WRITERS = { connections: 2, transactionsPerSecond: 80 };
const SYNCED_WITHIN_MS = 180_000;
const FOLLOW_MS = 10_000;
const IDLE_WITHIN_MS = 60_000;
const EVERY_MS = 1_000;
/** Fewest rows that the demo must have copied. */
const MIN_ROWS = 500_000;

/** Plays the demo. `unfinished` is the verdict of the run that did not reach its goal. */
export async function playDemo(options: DemoOptions): Promise<DemoResult | { unfinished: CommandResult }> {
  const began = performance.now();
  const { display, servers, session } = options;
  await timed(display, 'the shop is filled on the provider', () => fillShop(servers.provider));
  const writers = startWriters(servers.provider, WRITERS);
  try {
    display.say(
      `writers are at work: ${WRITERS.connections} connections, ${WRITERS.transactionsPerSecond} transactions/s`,
    );
    await timed(display, 'pgtide init', () =>
      session.demand('install', install, { queue: QUEUE, input: {} }),
    );
    await timed(display, `pgtide add-table ${QUEUE} --all --create`, () =>
      session.demand('add-table', addTable, {
        queue: QUEUE,
        input: addTableInput.parse({ all: true, create: true }),
      }),
    );
    const stage = new Performance(options, { ...servers, writers });
    const copyBegan = performance.now();
    const copied = await stage.act('pgtide run --until synced', untilSynced, duringCopy);
    if (!isMet(copied)) return { unfinished: copied };
    const copySeconds = secondsSince(copyBegan);
    display.say(`every table is in sync after ${duration(copySeconds)}; writes go on`);
    const followed = await stage.act(
      `pgtide run --for ${FOLLOW_MS / 1000}`,
      { forMs: FOLLOW_MS },
      duringFollow,
    );
    if (!isMet(followed)) return { unfinished: followed };
    await writers.stop();
    display.say(`the writers have stopped after ${plural(writers.transactions, 'transaction')}`);
    const caughtUp = await stage.act('pgtide run --until idle', untilIdle, () => []);
    if (!isMet(caughtUp)) return { unfinished: caughtUp };
    const cost = await measureIdle(session, QUEUE);
    const { summary, verdict } = await prove(options, stage.maxLagSeconds);
    const timing = { copySeconds, wholeSeconds: secondsSince(began), transactions: writers.transactions };
    return { summary, timing, cost, verdict };
  } finally {
    await endQuietly(writers);
  }
}

const untilSynced: Until = { until: 'synced', forMs: SYNCED_WITHIN_MS };
const untilIdle: Until = { until: 'idle', forMs: IDLE_WITHIN_MS };

type Until = Pick<FollowOptions, 'until' | 'forMs'>;

function isMet(verdict: CommandResult): boolean {
  return 'holds' in verdict && verdict.holds;
}

/** The scheduler's runs, with the events in the shop meanwhile; records the largest lag. */
class Performance {
  readonly #options: DemoOptions;
  readonly #stage: Stage;
  maxLagSeconds = 0;

  constructor(options: DemoOptions, stage: Stage) {
    this.#options = options;
    this.#stage = stage;
  }

  async act(
    command: string,
    until: Until,
    happenings: (stage: Stage) => Happening[],
  ): Promise<CommandResult> {
    const { session, display, stopping } = this.#options;
    display.say(`$ ${command}`);
    const over = new AbortController();
    const playing = play(happenings(this.#stage), AbortSignal.any([stopping, over.signal]), (line) =>
      display.say(line),
    );
    playing.catch(() => over.abort());
    const verdict = await follow(session, {
      queues: [QUEUE],
      everyMs: EVERY_MS,
      display,
      stopping: AbortSignal.any([stopping, over.signal]),
      onStatus: (status) => this.#noteLag(status),
      ...until,
    });
    over.abort();
    await playing;
    return verdict;
  }

  #noteLag({ queues }: StatusResult): void {
    for (const leaf of queues.flatMap(leavesOf))
      this.maxLagSeconds = Math.max(this.maxLagSeconds, leaf.lagSeconds ?? 0);
  }
}

async function prove(
  options: DemoOptions,
  maxLagSeconds: number,
): Promise<Pick<DemoResult, 'summary' | 'verdict'>> {
  const { session, servers, display } = options;
  const compared = await timed(display, `pgtide compare ${QUEUE}`, () =>
    compareLive(session, { queue: QUEUE, tables: [] }),
  );
  const status = await readStatus(session, [QUEUE]);
  const tables = status.queues.flatMap(leavesOf).flatMap((leaf) => leaf.tables);
  const summary: DemoSummary = {
    copiedRows: tables.reduce((sum, table) => sum + table.copiedRows, 0),
    replayedEvents: session.tally.count('replay', 'events'),
    tables: tables.length,
    units: session.tally.runs,
    maxLagSeconds: Number(maxLagSeconds.toFixed(1)),
    differences: compared.differences,
    provider: await versionOf(servers.provider),
    subscriber: await versionOf(servers.subscriber),
  };
  const verdict = compareVerdict(compared, QUEUE);
  return { summary, verdict: isMet(verdict) ? isWhole(summary, status) : verdict };
}

/** Equal databases are not enough: the demo must also have copied and replayed what it was meant to. */
function isWhole(summary: DemoSummary, status: StatusResult): CommandResult {
  if (summary.copiedRows < MIN_ROWS) return fails(`only ${count(summary.copiedRows)} rows were copied`);
  if (summary.replayedEvents === 0) return fails('no event was replayed');
  if (status.healthy) return holds;
  const problem = status.queues.flatMap(({ nodes }) => nodes.flatMap(({ problems }) => problems))[0];
  return fails(`the status is unhealthy: ${problem?.message ?? 'for no reason given'}`, problem?.remedy);
}

async function versionOf(shop: Shop): Promise<string> {
  const row = await shop.asOwner((client) => client.first<{ server_version: string }>('show server_version'));
  return row?.server_version.split(' ')[0] ?? 'unknown';
}

async function timed<T>(display: Display, line: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  display.say(`${line} (${duration(secondsSince(began))})`);
  return result;
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

/** Stops the writers after a failure, which matters more than how the writers end. */
async function endQuietly(writers: Writers): Promise<void> {
  await writers.stop().catch(() => undefined);
}
