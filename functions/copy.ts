import { scheduledHandler } from '../lib/runtime/scheduled-handler.ts';
import { copy } from '../lib/units/copy.ts';

/** Each minute, for each leaf: copies chunks of the tables that are not copied yet. */
export const handler = scheduledHandler({ name: 'copy', unit: copy });
