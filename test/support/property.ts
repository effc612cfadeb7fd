import fc from 'fast-check';
import { inject } from 'vitest';

/**
 * Checks a property on `runs` random inputs. The run's seed is printed at its start; PGTIDE_SEED replays it, and
 * PGTIDE_RUNS multiplies the number of inputs.
 */
export async function holds<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  runs = 100,
): Promise<void> {
  const numRuns = Math.ceil(runs * Number(process.env.PGTIDE_RUNS ?? 1));
  await fc.assert(property as fc.IAsyncProperty<T>, { seed: inject('seed'), numRuns });
}
