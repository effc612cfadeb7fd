import { z } from 'zod';
import { type AddTableInput, type AddTableResult, addTables } from '../membership/add-tables.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';
import { excludeInput } from './exclude-input.ts';

export type { AddTableInput, AddTableResult } from '../membership/add-tables.ts';

export const addTableInput = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.table, or table in public; * and ? are wild.'),
  all: z.boolean().default(false).describe('Every table of the root.'),
  exclude: excludeInput,
  create: z.boolean().default(false).describe('Makes tables that a leaf lacks as the root has them.'),
  defaults: z
    .array(z.string().min(1))
    .optional()
    .describe("Of columns of tables that are made, instead of the root's: TABLE.COLUMN=EXPRESSION."),
  expectSync: z.boolean().default(false).describe('The rows are the same on both sides: nothing is copied.'),
  skipTruncate: z.boolean().default(false).describe('The copy keeps the rows that a leaf has.'),
}) satisfies z.ZodType<AddTableInput>;

/** Adds tables to a queue on its root and on all leaves. */
export const addTable: OnDemandUnit<AddTableInput, AddTableResult> = async (context, input) => ({
  outcome: { kind: 'done' },
  result: await addTables(context, input),
});
