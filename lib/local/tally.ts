import type { RunReport } from '../runtime/run-report.ts';
import type { UnitName } from '../unit-context/registry.ts';

/** The sums over all runs of a session. */
export class Tally {
  readonly #runs = new Map<UnitName, number>();
  readonly #counts = new Map<string, number>();
  maxLagSeconds = 0;

  add(report: RunReport<unknown>): void {
    this.#runs.set(report.unit, this.runsOf(report.unit) + 1);
    for (const [name, by] of Object.entries(report.counts))
      this.#counts.set(`${report.unit}.${name}`, this.count(report.unit, name) + by);
    if (report.unit === 'replay')
      this.maxLagSeconds = Math.max(this.maxLagSeconds, report.gauges.lagSeconds ?? 0);
  }

  get runs(): number {
    return [...this.#runs.values()].reduce((sum, runs) => sum + runs, 0);
  }

  runsOf(unit: UnitName): number {
    return this.#runs.get(unit) ?? 0;
  }

  /** Returns the sum of one counter over all runs of a unit. */
  count(unit: UnitName, name: string): number {
    return this.#counts.get(`${unit}.${name}`) ?? 0;
  }
}
