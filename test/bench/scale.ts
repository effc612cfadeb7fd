/** Costs that must not grow with the number of other objects, or at most in proportion to it. */
import type { BenchCase } from './case.ts';
import { scaleCatalog } from './scale-catalog.ts';
import { scaleMembership } from './scale-membership.ts';
import { scalePairs } from './scale-pairs.ts';
import { scaleQueue } from './scale-queue.ts';
import { scaleChunks, scaleTables } from './scale-tables.ts';

export const scale: BenchCase = {
  name: 'scale',
  minutes: 8,
  async run(bench) {
    const results = [];
    for (const part of [scaleQueue, scaleTables, scaleMembership, scaleChunks, scaleCatalog, scalePairs])
      results.push(...(await part(bench)));
    return results;
  },
};
