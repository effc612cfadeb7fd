import { requireNode } from '../node/topology.ts';
import { getQueueInfo } from '../pgq/queue.ts';
import { tickQueue } from '../pgq/tick.ts';
import type { Unit } from './context.ts';

/** Ticks the queue on its root if it is due: `applied` when there is a new tick, `idle` when there was no need. */
export const tick: Unit = (context) =>
  context.connect(context.node, async (root) => {
    await requireNode(root, context.queue);
    const made = await context.step('tick', () => tickQueue(root, context.queue));
    if (made !== null) context.count('ticks', 1);
    const info = await getQueueInfo(root, context.queue);
    context.gauge('tickerLagSeconds', info?.tickerLagSeconds ?? 0);
    return { kind: made === null ? 'idle' : 'applied' };
  });
