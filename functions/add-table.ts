import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { addTable, addTableInput } from '../lib/units/add-table.ts';

/** On demand: begins to replicate tables. */
export const handler = onDemandHandler({ name: 'add-table', unit: addTable, input: addTableInput });
