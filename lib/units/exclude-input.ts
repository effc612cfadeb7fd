import { z } from 'zod';

/** Input of every unit that selects tables by patterns. */
export const excludeInput = z
  .array(z.string().min(1))
  .optional()
  .describe('Tables that are not meant, by name or pattern; * and ? are wild.');
