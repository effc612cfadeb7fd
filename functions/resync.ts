import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { resync, resyncInput } from '../lib/units/resync.ts';

/** On demand: has tables copied again. */
export const handler = onDemandHandler({ name: 'resync', unit: resync, input: resyncInput });
