import { z } from 'zod';
import { type ResyncInput, type ResyncResult, resyncTables } from '../membership/resync-tables.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';
import { excludeInput } from './exclude-input.ts';

export type { ResyncInput, ResyncResult } from '../membership/resync-tables.ts';

export const resyncInput = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.table, or table in public; * and ? are wild.'),
  all: z
    .boolean()
    .default(false)
    .describe(
      'Every table of the queue; also repairs a position that was lost, since nothing old is needed then.',
    ),
  exclude: excludeInput,
}) satisfies z.ZodType<ResyncInput>;

/** Marks tables to be copied again. */
export const resync: OnDemandUnit<ResyncInput, ResyncResult> = async (context, input) => ({
  outcome: { kind: 'done' },
  result: await resyncTables(context, input),
});
