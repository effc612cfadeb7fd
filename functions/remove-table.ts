import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { removeTable, removeTableInput } from '../lib/units/remove-table.ts';

/** On demand: stops replicating tables. */
export const handler = onDemandHandler({ name: 'remove-table', unit: removeTable, input: removeTableInput });
