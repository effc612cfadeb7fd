import { z } from 'zod';
import { isError } from '../status/found-problem.ts';
import { readQueue } from '../status/queue-status.ts';
import type { StatusResult } from '../status/shape.ts';
import type { OnDemandUnit } from '../unit-context/context.ts';

export type { NodeStatus, QueueStatus, SequenceStatus, StatusResult, TableStatus } from '../status/shape.ts';

export const statusInput = z.strictObject({
  queue: z.string().optional().describe('Default: the queue that the run is for.'),
});
/**
 * Input of `status`.
 * @interface
 */
export type StatusInput = z.output<typeof statusInput>;

/** Reads the state of a queue on all of its nodes. An unreachable node is a problem of that node; the other nodes are shown. */
export const status: OnDemandUnit<StatusInput, StatusResult> = async (context, input) => {
  const queue = await readQueue(context, input.queue ?? context.queue);
  const problems = queue.nodes.flatMap((node) => node.problems);
  context.count('problems', problems.filter(isError).length);
  const lags = queue.nodes.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  context.gauge('lagSeconds', Math.max(0, ...lags));
  const result: StatusResult = { healthy: !problems.some(isError), queues: [queue] };
  return { outcome: { kind: 'done' }, result };
};
