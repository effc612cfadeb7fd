/** A run with a fault, and the common forms of faults: in a gap between two steps, or from the beginning. */
import type { UnitContext } from '../../lib/unit-context/context.ts';
import { atGap, type Gap } from './gaps.ts';
import type { RunUnit, Strike } from './schedule.ts';
import type { RunOptions, World } from './world.ts';

export interface StruckRun {
  world: World;
  unit: RunUnit;
  strike: Strike;
  /** What others do while the fault lasts. */
  meanwhile: () => Promise<void>;
}

/** Carries out the run with its fault; true if the fault occurred. */
export type Striking = (it: StruckRun) => Promise<boolean>;

/** A fault that comes in a gap between two steps. */
export const inGap =
  (act: (it: StruckRun) => Promise<unknown>, options: (it: StruckRun) => RunOptions = () => ({})): Striking =>
  async (it) => {
    const gap: Gap = atGap(it, async () => {
      await act(it);
      await it.meanwhile();
    });
    await it.world.run(it.unit, { ...options(it), at: gap.at });
    return gap.met;
  };

/** A fault that lasts for the whole run. */
export const withOptions =
  (options: (it: StruckRun) => RunOptions): Striking =>
  async (it) => {
    await it.world.run(it.unit, options(it));
    await it.meanwhile();
    return true;
  };

/** Less time for each statement and each pause than the run takes. */
export const hurried =
  (ms: number) =>
  (context: UnitContext): UnitContext => ({
    ...context,
    budget: Object.assign(Object.create(context.budget), { remainingMs: () => ms, allows: () => true }),
  });
