import { tickRoot } from '../node/root-tick.ts';
import type { Unit } from '../unit-context/context.ts';

/** Creates a tick of the queue on its root if one is due. The outcome is `applied` if there is a new tick, `idle` if none was due. */
export const tick: Unit = (context) =>
  context.connect(context.node, async (root) => {
    const made = await context.step('tick', () => tickRoot(root, context.queue));
    if (made.tick !== null) context.count('ticks', 1);
    context.gauge('tickerLagSeconds', made.lagSeconds);
    return { kind: made.tick === null ? 'idle' : 'applied' };
  });
