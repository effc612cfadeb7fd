import { makeTick } from '../pgq/ticker.ts';
import { rootOf } from '../topology/tree.ts';
import type { Unit } from '../unit-context/context.ts';
import type { Session } from './session.ts';

/**
 * Makes a tick of each queue after all that is committed now, and returns it. Without it, an idle queue would be
 * ticked only after its idle period; and an earlier tick does not cover a transaction that was open then.
 */
export async function tickNow(session: Session, queues: readonly string[]): Promise<Map<string, bigint>> {
  const ticks = new Map<string, bigint>();
  for (const queue of queues) {
    const force: Unit = async (context) => {
      ticks.set(queue, await context.connect(context.node, (root) => makeTick(root, queue)));
      return { kind: 'applied' };
    };
    const node = rootOf(session.config, queue);
    await session.scheduled({ unitName: 'tick', unit: force, queue, node, repeat: false });
  }
  return ticks;
}
