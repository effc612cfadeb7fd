import { z } from 'zod';
import {
  type CompareInput,
  type CompareResult,
  type CompareSettings,
  compareLeaves,
} from '../compare/compare-leaves.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';
import { excludeInput } from './exclude-input.ts';

export type { CompareInput, CompareResult, CompareSettings } from '../compare/compare-leaves.ts';

export const compareInput = z.strictObject({
  tables: z.array(z.string().min(1)).optional(),
  exclude: excludeInput,
}) satisfies z.ZodType<CompareInput>;

/** Returns the unit with settings, such as a driver for its waits. */
export function compareWith(settings: CompareSettings): OnDemandUnit<CompareInput, CompareResult> {
  return async (context, input) => {
    const { result, complete } = await compareLeaves(context, input, settings);
    return { outcome: { kind: complete ? 'done' : 'out-of-budget' }, result };
  };
}

/** Compares the tables of a queue. The schedule continues replication while the unit waits. */
export const compare: OnDemandUnit<CompareInput, CompareResult> = compareWith({});
