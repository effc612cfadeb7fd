import { z } from 'zod';
import { type RemoveTableInput, type RemoveTableResult, removeTables } from '../membership/remove-tables.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';
import { excludeInput } from './exclude-input.ts';

export type { RemoveTableInput, RemoveTableResult } from '../membership/remove-tables.ts';

export const removeTableInput = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.table, or table in public; * and ? are wild.'),
  all: z.boolean().default(false).describe('Every table of the queue.'),
  exclude: excludeInput,
  now: z
    .boolean()
    .default(false)
    .describe('Takes them off the leaves at once: changes that are not replayed yet are lost there.'),
}) satisfies z.ZodType<RemoveTableInput>;

/** Removes tables from a queue on its root and on all leaves. */
export const removeTable: OnDemandUnit<RemoveTableInput, RemoveTableResult> = async (context, input) => ({
  outcome: { kind: 'done' },
  result: await removeTables(context, input),
});
