/**
 * One invocation's pairs, one after the other, until the budget is spent.
 *
 * No pair takes the time of the others. While others wait for their turn, each of them has LEAST_PAIR_MS that is kept for it. The rest
 * is the pair's that is served now, so that one with much to do has most of the minute; what it has not done by then gets, after all
 * others were served, what is left. Opening a connection takes the pair's fair share of the time at most, because servers that do not
 * answer are met there, and often several at once.
 * A connection that goes silent later is cut a little after the pair's budget, within its time: the invocation ends within its own.
 * Where the shares are too small to serve all, the next run begins with those that this one did not come to.
 */
import type { PgtideError } from '../errors.ts';
import type { Unit } from '../units/context.ts';
import { type UnitName, type UnitTraits, units } from '../units/registry.ts';
import { keyOf, runCounted } from './counted-run.ts';
import { type Pair, pairName, planServing, type Serving, turnKey } from './pairs.ts';
import type { RunReport } from './run-report.ts';
import { leaveOut, SILENCE_MS } from './run-unit.ts';
import type { Invocation } from './stack.ts';

/** A pair that is begun with less than this could do little more than connect. */
const LEAST_PAIR_MS = 2_000;
const LEAST_CONNECT_MS = 500;

export interface Service {
  name: UnitName;
  unit: Unit;
  pairs: Pair[];
  invocation: Invocation;
}

export interface Served {
  reports: RunReport[];
  /** With which the invocation is to fail. */
  failures: PgtideError[];
}

export async function servePairs(service: Service): Promise<Served> {
  const { name, pairs, invocation } = service;
  const { clock, log, leaseStore: storeOf } = invocation.environment;
  const leaseStore = storeOf(invocation.config);
  const serving = await planServing(pairs, name, { leaseStore, now: clock.now() });
  const left = (pair: Pair, why: Parameters<typeof leaveOut>[1]) =>
    leaveOut({ unitName: name, ...pair, clock, log }, why);
  const served: Served = {
    reports: [
      ...serving.resting.map((pair) => left(pair, { kind: 'rests' })),
      ...serving.skipped.map((pair) => left(pair, { kind: 'skipped', ...troubleOf(serving, name, pair) })),
    ],
    failures: [],
  };
  const turn = new Turn(service, serving);
  await turn.begin();
  const waiting = [...serving.due];
  const wholeMs = shareOf(invocation.remainingMs(), Math.max(0, waiting.length - 1)).budgetMs;
  for (let pair = waiting.shift(); pair; pair = waiting.shift()) {
    if (invocation.remainingMs() < LEAST_PAIR_MS) {
      await turn.leaveTo(pair);
      break;
    }
    const report = await serve(service, { pair, serving, wholeMs, waiting: waiting.length }, served);
    if (!hasMoreToDo(report)) continue;
    // What earlier runs have left is over.
    serving.states.delete(keyOf({ unitName: name, ...pair }));
    waiting.push(pair);
  }
  return served;
}

interface Place {
  pair: Pair;
  serving: Serving;
  /** What the first pair had. */
  wholeMs: number;
  /** How many pairs wait for their turn. */
  waiting: number;
}

async function serve(
  { name, unit, pairs, invocation }: Service,
  { pair, serving, wholeMs, waiting }: Place,
  served: Served,
): Promise<RunReport> {
  const { environment, config, owner } = invocation;
  const { clock, log, secrets } = environment;
  const { restMs = 0 }: UnitTraits = units[name];
  const request = {
    unitName: name,
    unit,
    config,
    ...pair,
    leaseStore: environment.leaseStore(config),
    owner,
    restMs,
    secrets,
    wholeMs,
    ...shareOf(invocation.remainingMs(), waiting),
    clock,
    log,
  };
  const { report, failure } = await runCounted(request, {
    state: serving.states.get(keyOf(request)),
    alone: pairs.length === 1,
  });
  served.reports.push(report);
  if (failure) served.failures.push(failure);
  return report;
}

/** What the next pair may take of the time that is left, while so many others wait. */
export function shareOf(remainingMs: number, waiting: number) {
  const fairMs = remainingMs / (waiting + 1);
  const wholeMs = Math.max(fairMs, remainingMs - waiting * LEAST_PAIR_MS);
  const silenceMs = Math.min(SILENCE_MS, wholeMs / 4);
  return {
    budgetMs: Math.floor(wholeMs - silenceMs),
    silenceMs,
    connectMs: Math.max(LEAST_CONNECT_MS, fairMs),
  };
}

/** Out of its share, and not stuck: without progress another share would end alike. */
function hasMoreToDo({ unit, outcome, counts }: RunReport): boolean {
  const { progress = [] }: UnitTraits = units[unit];
  return outcome?.kind === 'out-of-budget' && progress.some((name) => (counts[name] ?? 0) > 0);
}

/** Whose turn it is, for units without a lease. A turn that cannot be kept costs order, and no work. */
class Turn {
  readonly #service: Service;
  readonly #key: string;
  readonly #isKept: boolean;

  constructor(service: Service, { states }: Serving) {
    this.#service = service;
    this.#key = turnKey(service.name, service.pairs);
    this.#isKept = states.get(this.#key)?.next !== undefined;
  }

  async begin(): Promise<void> {
    if (this.#isKept) await this.#note(null);
  }

  async leaveTo(pair: Pair): Promise<void> {
    if (!units[this.#service.name].lease) await this.#note(pairName(pair));
  }

  async #note(next: string | null): Promise<void> {
    const { environment, config } = this.#service.invocation;
    await environment
      .leaseStore(config)
      .note?.(this.#key, { next })
      .catch(() => undefined);
  }
}

function troubleOf({ states }: Serving, unitName: UnitName, pair: Pair) {
  const { what = '', skipUntil = 0 } = states.get(keyOf({ unitName, ...pair }))?.trouble ?? {};
  return { what, until: new Date(skipUntil) };
}
