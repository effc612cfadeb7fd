import type { RunReport } from '../runtime/run-report.ts';
import type { UnitName } from '../units/registry.ts';

interface UnitTally {
  runs: number;
  idleRuns: number;
  idleMs: number;
}

/** What all runs of a session did together. */
export class Tally {
  readonly #units = new Map<UnitName, UnitTally>();
  readonly #counts = new Map<string, number>();
  maxLagSeconds = 0;

  add(report: RunReport<unknown>): void {
    const unit = this.#units.get(report.unit) ?? { runs: 0, idleRuns: 0, idleMs: 0 };
    unit.runs++;
    // Upkeep always does something; what it does in a minute is what it costs.
    if (report.outcome?.kind === 'idle' || (report.unit === 'maintain' && report.outcome)) {
      unit.idleRuns++;
      unit.idleMs += report.durationMs;
    }
    this.#units.set(report.unit, unit);
    for (const [name, by] of Object.entries(report.counts))
      this.#counts.set(`${report.unit}.${name}`, this.count(report.unit, name) + by);
    if (report.unit === 'replay')
      this.maxLagSeconds = Math.max(this.maxLagSeconds, report.gauges.lagSeconds ?? 0);
  }

  get runs(): number {
    return [...this.#units.values()].reduce((sum, { runs }) => sum + runs, 0);
  }

  runsOf(unit: UnitName): number {
    return this.#units.get(unit)?.runs ?? 0;
  }

  /** Mean duration of the runs that found nothing to do; undefined when there was none. */
  idleMs(unit: UnitName): number | undefined {
    const tally = this.#units.get(unit);
    return tally && tally.idleRuns > 0 ? tally.idleMs / tally.idleRuns : undefined;
  }

  /** The sum of one counter over all runs of a unit. */
  count(unit: UnitName, name: string): number {
    return this.#counts.get(`${unit}.${name}`) ?? 0;
  }
}
