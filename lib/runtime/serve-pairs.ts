/**
 * Serves the pairs of one invocation, one after another, until the budget is spent.
 *
 * No pair uses the time of the others. While pairs wait for their turn, MIN_PAIR_MS is reserved for each of them, and
 * for the next one the time that its unit can use (UnitTraits.shareMs). The pair that is served now has the rest, so
 * a pair with much to do has most of the minute. No share is smaller than shareMs: with many pairs, less is reserved
 * for those that wait. Most of them have nothing to do, and need little.
 *
 * A pair that ran out of time is tried again after all others were served. It gets the time that is left, if it has
 * made progress, or if that is much more time than it had.
 *
 * Opening a connection may take at most the pair's fair share of the time, because servers that do not answer are
 * detected there, and often several at once. A connection that becomes silent later is cut shortly after the pair's
 * budget, within the pair's time, so that the invocation ends within its own.
 *
 * The pairs that this invocation does not reach are the first of the next.
 */
import type { PgtideError } from '../errors.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { Unit } from '../unit-context/context.ts';
import { type UnitName, type UnitTraits, units } from '../unit-context/registry.ts';
import { type Pair, pairName, planServing, type Serving, turnKey } from './pairs.ts';
import type { RunReport } from './run-report.ts';
import { logSkipped, runUnit, SILENCE_MS } from './run-unit.ts';
import type { Invocation } from './stack.ts';
import { madeProgress, settleTrouble, unreadFailure } from './trouble.ts';

/** A pair that begins with less than this could do little more than connect. */
const MIN_PAIR_MS = 2_000;
export const MIN_CONNECT_MS = 1_000;
/** The part of shareMs that is enough to begin a pair: the work between two runs takes time, too. */
const ENOUGH = 0.9;
/** Without progress, a pair is tried again only with at least this many times its earlier budget. */
const MUCH_MORE = 2;

export interface Service {
  name: UnitName;
  unit: Unit;
  pairs: Pair[];
  invocation: Invocation;
}

export interface Served {
  reports: RunReport[];
  /** Errors with which the invocation must fail. */
  failures: PgtideError[];
}

/** A pair that waits for its turn. */
interface Waiting {
  pair: Pair;
  /** Its last try in this invocation. */
  tried?: Try;
}

interface Try {
  /** Includes the counts of earlier tries. */
  report: RunReport;
  /** This try itself has made progress. */
  worked: boolean;
  budgetMs: number;
}

export async function servePairs(service: Service): Promise<Served> {
  const { name, pairs, invocation } = service;
  const { clock, leaseStore: storeOf } = invocation.environment;
  const leaseStore = storeOf(invocation.config);
  const serving = await planServing(pairs, name, { leaseStore, now: clock.now() });
  const served: Served = { reports: logSkippedPairs(service, serving), failures: [] };
  const turn = new Turn(service, serving);
  await turn.begin();
  const { shareMs = 0 }: UnitTraits = units[name];
  const allMs = invocation.remainingMs();
  const leastMs = Math.max(MIN_PAIR_MS, Math.min(ENOUGH * shareMs, allMs / 2));
  const settle = async ({ pair, tried }: Waiting) => {
    const failure = tried && (await settleTry(service, serving, { pair, report: tried.report }));
    if (failure) served.failures.push(failure);
  };
  const waiting: Waiting[] = serving.due.map((pair) => ({ pair }));
  const wholeMs = Math.max(allMs / 2, shareOf(allMs, Math.max(0, waiting.length - 1), shareMs).budgetMs);
  let unreached: Pair | undefined;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { pair, tried } = next;
    const share = shareOf(invocation.remainingMs(), waiting.length, shareMs);
    if (invocation.remainingMs() < leastMs || (tried && !isWorthIt(tried, share.budgetMs))) {
      if (!tried) unreached ??= pair;
      await settle(next);
      continue;
    }
    const report = await serve(service, { pair, serving, share, wholeMs, nr: served.reports.length });
    served.reports.push(report);
    const now = { pair, tried: tryOf(report, share.budgetMs, tried) };
    if (ranOutOfTime(report)) waiting.push(now);
    else await settle(now);
  }
  if (unreached) await turn.leaveTo(unreached);
  const failure = served.failures.length === 0 ? unreadFailure(serving.unread) : null;
  return failure ? { ...served, failures: [failure] } : served;
}

function logSkippedPairs({ name, invocation }: Service, { resting, skipped, states }: Serving): RunReport[] {
  const { clock, log } = invocation.environment;
  const left = (pair: Pair, why: Parameters<typeof logSkipped>[1]) =>
    logSkipped({ unitName: name, ...pair, clock, log }, why);
  const skip = (pair: Pair) => {
    const { what = '', skipUntil = 0 } = states.get(keyOf(name, pair))?.trouble ?? {};
    return left(pair, { kind: 'skipped', what, until: new Date(skipUntil) });
  };
  return [...resting.map((pair) => left(pair, { kind: 'rests' })), ...skipped.map(skip)];
}

interface Place {
  pair: Pair;
  serving: Serving;
  share: ReturnType<typeof shareOf>;
  /**
   * The first pair's budget, or half of the invocation: pairs that have nothing to do leave this much to one that
   * needs it.
   */
  wholeMs: number;
  /** The number of the run within the invocation. */
  nr: number;
}

function serve(
  { name, unit, invocation }: Service,
  { pair, serving, share, wholeMs, nr }: Place,
): Promise<RunReport> {
  const { environment, config, owner } = invocation;
  const { clock, log, secrets } = environment;
  const { restMs = 0 }: UnitTraits = units[name];
  return runUnit({
    unitName: name,
    unit,
    config,
    ...pair,
    leaseStore: environment.leaseStore(config),
    owner: `${owner}/${nr}`,
    unread: serving.unread,
    restMs,
    secrets,
    wholeMs,
    ...share,
    clock,
    log,
  });
}

function settleTry(
  { name, pairs, invocation }: Service,
  { states, unread }: Serving,
  { pair, report }: { pair: Pair; report: RunReport },
): Promise<PgtideError | null> {
  const { environment, config } = invocation;
  const key = keyOf(name, pair);
  return settleTrouble(report, environment.leaseStore(config), {
    key,
    trouble: states.get(key)?.trouble,
    alone: pairs.length === 1,
    now: environment.clock.now(),
    unread,
  });
}

/** Returns how much of the remaining time the next pair may take while `waiting` other pairs wait. */
export function shareOf(remainingMs: number, waiting: number, shareMs = 0) {
  const fairMs = remainingMs / (waiting + 1);
  const keptMs = waiting === 0 ? 0 : Math.max(shareMs, waiting * MIN_PAIR_MS);
  const wholeMs = Math.max(fairMs, remainingMs - keptMs, Math.min(remainingMs, shareMs));
  const silenceMs = Math.min(SILENCE_MS, wholeMs / 4);
  return {
    budgetMs: Math.floor(wholeMs - silenceMs),
    silenceMs,
    connectMs: Math.max(MIN_CONNECT_MS, fairMs),
  };
}

/** The run used up its share, or replay gave up because it would have outlived the share. */
function ranOutOfTime({ outcome, counts }: RunReport): boolean {
  return outcome?.kind === 'out-of-budget' || (outcome === null && (counts.timeouts ?? 0) > 0);
}

/** Without progress, another share of the same size would end the same way. */
function isWorthIt({ worked, budgetMs }: Try, nextMs: number): boolean {
  return worked || nextMs >= MUCH_MORE * budgetMs;
}

function tryOf(report: RunReport, budgetMs: number, earlier: Try | undefined): Try {
  const counts = { ...earlier?.report.counts };
  for (const [name, by] of Object.entries(report.counts)) counts[name] = (counts[name] ?? 0) + by;
  return { report: { ...report, counts }, worked: madeProgress(report), budgetMs };
}

/**
 * Stores whose turn it is, for units without a lease. If the turn cannot be stored, the order is lost, but no work.
 */
class Turn {
  readonly #service: Service;
  readonly #key: string;
  readonly #isKept: boolean;

  constructor(service: Service, { states }: Serving) {
    this.#service = service;
    this.#key = turnKey(service.name);
    this.#isKept = states.get(this.#key)?.next !== undefined;
  }

  async begin(): Promise<void> {
    if (this.#isKept) await this.#note(null);
  }

  async leaveTo(pair: Pair): Promise<void> {
    const { name, pairs } = this.#service;
    if (!units[name].lease && pairs.length > 1) await this.#note(pairName(pair));
  }

  async #note(next: string | null): Promise<void> {
    const { environment, config } = this.#service.invocation;
    await environment
      .leaseStore(config)
      .note?.(this.#key, { next })
      .catch(() => undefined);
  }
}

function keyOf(unit: UnitName, { queue, node }: Pair): string {
  return leaseKey(unit, queue, node);
}
