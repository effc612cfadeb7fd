import { z } from 'zod';

/** Of every unit that takes tables by patterns. */
export const excludeInput = z
  .array(z.string().min(1))
  .optional()
  .describe('Tables that are not meant, by name or pattern; * and ? are wild.');
