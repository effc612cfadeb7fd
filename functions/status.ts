import { onDemandHandler } from '../lib/runtime/on-demand-handler.ts';
import { type StatusResult, status, statusInput } from '../lib/units/status.ts';

const merge = (results: StatusResult[]): StatusResult => ({
  healthy: results.every(({ healthy }) => healthy),
  queues: results.flatMap(({ queues }) => queues),
});

/** On demand: nodes, lag, tables and problems of a queue, or of all. */
export const handler = onDemandHandler({ name: 'status', unit: status, input: statusInput, merge });
