import { scheduledHandler } from '../lib/runtime/scheduled-handler.ts';
import { replay } from '../lib/units/replay.ts';

/** Each minute, for each leaf: applies what its provider has ticked. */
export const handler = scheduledHandler({ name: 'replay', unit: replay });
