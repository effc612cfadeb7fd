import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { compare, compareInput } from '../lib/units/compare.ts';

/** On demand: compares the rows of tables on the root with those on the leaves. */
export const handler = onDemandHandler({ name: 'compare', unit: compare, input: compareInput });
