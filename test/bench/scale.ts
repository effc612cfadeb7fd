/** Costs that must not grow with what lies around, or in proportion at most. */
import type { BenchCase } from './case.ts';
import { scalePairs } from './scale-pairs.ts';
import { scaleQueue } from './scale-queue.ts';
import { scaleChunks, scaleTables } from './scale-tables.ts';

export const scale: BenchCase = {
  name: 'scale',
  minutes: 4,
  async run(bench) {
    const results = [];
    for (const part of [scaleQueue, scaleTables, scaleChunks, scalePairs])
      results.push(...(await part(bench)));
    return results;
  },
};
