/** Rounds, medians and percentiles. */
import type { Bench, BenchResult } from './case.ts';

/** One of the compared sides. Returns its measured values by name. */
export interface Side {
  name: string;
  /** Set if the side is so slow that it can have one round only. */
  once?: boolean;
  run(round: number): Promise<Record<string, number>>;
}

/** side → measure → median of the rounds. */
export type Medians = Map<string, Map<string, number>>;
type Samples = Map<string, Map<string, number[]>>;

/** Runs every side in turn, round after round. Each round begins with another side. */
export async function inTurn(bench: Bench, what: string, sides: readonly Side[]): Promise<Medians> {
  const samples: Samples = new Map();
  for (let round = 0; round < bench.rounds; round++) {
    if (round > 0 && !bench.hasTime()) {
      bench.say(`${what}: no time for round ${round + 1}`);
      break;
    }
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      if (side.once && samples.has(side.name)) continue;
      const measured = await side.run(round);
      bench.say(`${what}, round ${round + 1}, ${side.name}: ${shown(measured)}`);
      const ofSide = samples.get(side.name) ?? new Map<string, number[]>();
      samples.set(side.name, ofSide);
      for (const [name, value] of Object.entries(measured))
        ofSide.set(name, [...(ofSide.get(name) ?? []), value]);
    }
  }
  return new Map(
    [...samples].map(([side, measures]) => [
      side,
      new Map([...measures].map(([name, values]) => [name, median(values)])),
    ]),
  );
}

function shown(measured: Record<string, number>): string {
  return Object.entries(measured)
    .map(([name, value]) => `${name} ${significant(value)}`)
    .join(', ');
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** By linear interpolation; 0 for no values. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const [low = 0, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** Three significant digits; whole numbers from a thousand on. */
export function significant(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The goal, at most or at least: as a value, or divided by the peer `against`. */
export interface Goal {
  most?: number;
  least?: number;
  against?: string;
}

interface Findings {
  name: string;
  unit: string;
  ours: number;
  peers: Record<string, number | undefined>;
  /** The peer of the ratio if no goal names one. */
  against?: string;
  goal?: Goal;
}

/** Judges a measurement by its goal. */
export function judged({ name, unit, ours, peers, against, goal }: Findings): BenchResult {
  const present = Object.entries(peers).flatMap(([peer, value]) =>
    value === undefined ? [] : [[peer, significant(value)] as const],
  );
  const peer = peers[goal?.against ?? against ?? ''];
  const ratio = peer === undefined ? null : significant(ours / peer);
  const value = goal?.against === undefined ? ours : ratio;
  return {
    name,
    ours: significant(ours),
    unit,
    peers: Object.fromEntries(present),
    ratio,
    goal: goal ? describe(goal, unit) : null,
    met:
      !goal || value === null ? null : value <= (goal.most ?? Infinity) && value >= (goal.least ?? -Infinity),
  };
}

function describe({ most, least, against }: Goal, unit: string): string {
  const [sign, limit] = most === undefined ? ['≥', least] : ['≤', most];
  return against === undefined ? `${sign} ${limit} ${unit}` : `${sign} ${limit} × ${against}`;
}

/** One measure of every side except ours. */
export function peersOf(
  medians: Medians,
  measure: string,
  ours = 'pgtide',
): Record<string, number | undefined> {
  return Object.fromEntries(
    [...medians].filter(([side]) => side !== ours).map(([side, measures]) => [side, measures.get(measure)]),
  );
}

export function medianOf(medians: Medians, side: string, measure: string): number {
  const value = medians.get(side)?.get(measure);
  if (value === undefined) throw new Error(`${measure} of ${side} was not measured`);
  return value;
}
