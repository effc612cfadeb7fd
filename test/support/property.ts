import fc from 'fast-check';
import { inject } from 'vitest';

/**
 * The time for which a counterexample is shrunk. Inputs that run on servers take seconds each: without a limit shrinking
 * takes hours.
 */
const SHRINK_MS = 60_000;

/**
 * Checks a property on `runs` random inputs. The run's seed is printed at its start; PGTIDE_SEED replays it, and
 * PGTIDE_RUNS multiplies the number of inputs.
 */
export async function holds<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  runs = 100,
): Promise<void> {
  const numRuns = Math.ceil(runs * Number(process.env.PGTIDE_RUNS ?? 1));
  const bounded = property.isAsync() ? shrunkWithin(SHRINK_MS, property as fc.IAsyncProperty<T>) : property;
  await fc.assert(bounded as fc.IAsyncProperty<T>, { seed: inject('seed'), numRuns });
}

/** The property with a limit: once `limitMs` have passed since the first failure, it holds for every input. */
function shrunkWithin<T>(limitMs: number, property: fc.IAsyncProperty<T>): fc.IAsyncProperty<T> {
  const run = property.run.bind(property);
  let failedAt: number | undefined;
  property.run = async (input) => {
    if (failedAt !== undefined && Date.now() - failedAt > limitMs) return null;
    const failure = await run(input);
    if (failure && !fc.PreconditionFailure.isFailure(failure)) failedAt ??= Date.now();
    return failure;
  };
  return property;
}
