import { scheduledHandler } from '../lib/runtime/scheduled-handler.ts';
import { maintain } from '../lib/units/maintain.ts';

/** Every five minutes, for each root: rotation, retries, watermarks, sequences. */
export const handler = scheduledHandler({ name: 'maintain', unit: maintain });
