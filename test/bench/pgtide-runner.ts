/**
 * Our side: a root and a leaf over two databases, with their units as the runtime runs them, but without a lease. It loads
 * only what replication takes.
 */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../lib/clock.ts';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import type { RunReport } from '../../lib/runtime/run-report.ts';
import { runUnit } from '../../lib/runtime/run-unit.ts';
import { createSecretReader } from '../../lib/secrets/secret-reader.ts';
import type { OnDemandUnit, Unit } from '../../lib/unit-context/context.ts';
import type { UnitName } from '../../lib/unit-context/registry.ts';
import { copy } from '../../lib/units/copy.ts';
import { replayWith } from '../../lib/units/replay.ts';
import { tick } from '../../lib/units/tick.ts';

export const QUEUE = 'shop';
const [ROOT, LEAF] = ['old', 'new'];
/** The settings of a scheduled function. */
const BUDGET_MS = 55_000;
const DEMAND_BUDGET_MS = 3_600_000;

export type Tuning = Record<string, unknown>;

/** pgtide.yml over two databases, as text. */
export function configOf(root: { url: string }, leaf: { url: string }, tuning: Tuning = {}): string {
  const nodes = { [ROOT]: { url: root.url }, [LEAF]: { url: leaf.url } };
  return JSON.stringify({
    nodes,
    queues: { [QUEUE]: { root: ROOT, leaves: [LEAF], tickSeconds: 0, ...tuning } },
  });
}

/** Runs the units of one queue. */
export class PgtideRunner {
  readonly config: Config;
  readonly #secrets = createSecretReader();
  /** Milliseconds spent before each step of replay was reached, since the last reading. */
  #steps = new Map<string, number>();

  constructor(configuration: string) {
    this.config = parseConfig(configuration);
  }

  async demand<Input, Result>(
    unitName: UnitName,
    unit: OnDemandUnit<Input, Result>,
    input: Input,
  ): Promise<Result> {
    const report = await runUnit<Result>({
      ...this.#common(unitName, ROOT),
      unit: (context) => unit(context, input),
      budgetMs: DEMAND_BUDGET_MS,
    });
    if (report.error) throw report.error;
    return report.result as Result;
  }

  async scheduled(unitName: UnitName, unit: Unit, node: string): Promise<RunReport> {
    const report = await runUnit({ ...this.#common(unitName, node), unit, budgetMs: BUDGET_MS });
    if (report.error) throw report.error;
    return report;
  }

  tick(): Promise<RunReport> {
    return this.scheduled('tick', tick, ROOT);
  }

  /** Replays up to the last tick. */
  async replayUntilIdle(): Promise<RunReport> {
    let last = performance.now();
    const at = (step: string) => {
      const now = performance.now();
      this.#steps.set(step, (this.#steps.get(step) ?? 0) + now - last);
      last = now;
    };
    for (;;) {
      const report = await this.scheduled('replay', replayWith({ at }), LEAF);
      if (report.outcome?.kind !== 'out-of-budget') return report;
    }
  }

  copy(): Promise<RunReport> {
    return this.scheduled('copy', copy, LEAF);
  }

  /** The time that replay spent in each step. */
  takeSteps(): string {
    const steps = [...this.#steps].map(([step, ms]) => `${step} ${Math.round(ms)} ms`).join(', ');
    this.#steps = new Map();
    return steps;
  }

  #common(unitName: UnitName, node: string) {
    return {
      unitName,
      config: this.config,
      queue: QUEUE,
      node,
      leaseStore: null,
      owner: randomUUID(),
      secrets: this.#secrets,
      clock: systemClock,
      log: () => undefined,
    };
  }
}
