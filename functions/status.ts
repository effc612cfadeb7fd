import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { status, statusInput } from '../lib/units/status.ts';

/** On demand: nodes, lag, tables and problems of a queue. */
export const handler = onDemandHandler({ name: 'status', unit: status, input: statusInput });
