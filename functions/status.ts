import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { type StatusResult, status, statusInput } from '../lib/units/status.ts';

const merge = (results: StatusResult[]): StatusResult => ({
  healthy: results.every(({ healthy }) => healthy),
  queues: results.flatMap(({ queues }) => queues),
});

/** On demand: returns nodes, lag, tables and problems of a queue, or of all queues. */
export const handler = onDemandHandler({ name: 'status', unit: status, input: statusInput, merge });
