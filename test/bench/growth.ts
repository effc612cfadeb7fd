/** How a cost grows with a size. */
import type { Bench, BenchResult } from './case.ts';
import { median, significant } from './measure.ts';

export interface Growth {
  /** Size → cost. */
  costs: Map<number, number>;
  what: string;
  unit: string;
  /** flat: the size does not matter. linear: in proportion to it, or less. */
  claim: 'flat' | 'linear';
}

/** The exponent of the size with which a cost may grow over its last step: a little more than 0 and 1, to allow for noise. */
const MOST = { flat: 0.3, linear: 1.2 };
const REPEATS = 5;
/** A measurement that takes longer is not repeated. */
const ENOUGH_MS = 4_000;

/** Judges by the last step, in which fixed costs weigh least. */
export function grown({ costs, what, unit, claim }: Growth): BenchResult {
  const points = [...costs].toSorted(([a], [b]) => a - b);
  const [before, last] = points.slice(-2);
  if (!before || !last) throw new Error('growth needs two sizes');
  const exponent = significant(Math.log(last[1] / before[1]) / Math.log(last[0] / before[0]));
  return {
    name: `scale: ${what}`,
    ours: significant(last[1]),
    unit: `${unit} at ${last[0].toLocaleString('en-US')}`,
    peers: Object.fromEntries(
      points.slice(0, -1).map(([size, cost]) => [`at ${size.toLocaleString('en-US')}`, significant(cost)]),
    ),
    ratio: exponent,
    goal: `${claim}: at most n^${MOST[claim]}`,
    met: exponent <= MOST[claim],
  };
}

/** Costs of several things at growing sizes. */
export class Costs {
  readonly #bench: Bench;
  readonly #costs = new Map<string, Map<number, number>>();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** Measures a few times; `work` returns milliseconds. */
  async note(what: string, size: number, work: () => Promise<number>, repeats = REPEATS): Promise<void> {
    const values: number[] = [];
    const began = performance.now();
    while (values.length < repeats && (values.length === 0 || performance.now() - began < ENOUGH_MS))
      values.push(await work());
    const cost = median(values);
    this.#bench.say(`scale, ${what}, at ${size}: ${significant(cost)} ms`);
    const costs = this.#costs.get(what) ?? new Map<number, number>();
    this.#costs.set(what, costs.set(size, cost));
  }

  result(what: string, claim: Growth['claim']): BenchResult {
    return grown({ what, claim, unit: 'ms', costs: this.#costs.get(what) ?? new Map() });
  }
}

/** Three sizes, each ten times the one before. The largest is the given one at scale 1. */
export function sizesUpTo(bench: Bench, most: number): number[] {
  return [most / 100, most / 10, most].map((size) => Math.max(1, Math.round(size * bench.scale)));
}
