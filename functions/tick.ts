import { scheduledHandler } from '../lib/runtime/scheduled-handler.ts';
import { tick } from '../lib/units/tick.ts';

/** Each minute, for each root: ticks its queue. */
export const handler = scheduledHandler({ name: 'tick', unit: tick });
