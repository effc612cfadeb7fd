import { queueConfig } from '../config/config.ts';
import { forceTick } from '../pgq/tick.ts';
import { tick } from '../units/tick.ts';
import { openDisplay } from './display.ts';
import { type FollowOptions, follow } from './follow.ts';
import { idle, synced } from './goal.ts';
import { interruptible } from './interrupt.ts';
import type { Invocation, RunOptions } from './program.ts';
import { type Session, withSession } from './session.ts';
import { readStatus } from './status.ts';
import type { Verdict } from './verdict.ts';

export function run(
  { terminal, global }: Invocation,
  only: string | undefined,
  options: RunOptions,
): Promise<Verdict> {
  return withSession({ terminal, ...global }, async (session) => {
    const queues = session.queues(only);
    const goal = await goalOf(session, queues, options.until);
    const display = openDisplay(terminal);
    try {
      return await interruptible(
        () => display.say('ending after the units that are under way; Ctrl-C again ends at once'),
        (stopping) =>
          follow(session, {
            queues,
            everyMs: options.every * 1000,
            forMs: options.for === undefined ? undefined : options.for * 1000,
            display,
            stopping,
            ...goal,
          }),
      );
    } finally {
      display.close();
    }
  });
}

async function goalOf(
  session: Session,
  queues: string[],
  until: RunOptions['until'],
): Promise<Pick<FollowOptions, 'goal' | 'goalName'>> {
  if (until === 'synced') return { goal: synced, goalName: 'synced' };
  if (until === undefined) return {};
  const ticks = await tickNow(session, queues);
  return { goal: (status) => idle(status, ticks), goalName: 'idle' };
}

/**
 * Takes a tick of each queue that comes after all that is committed now. Without it an idle queue would be ticked only
 * after its idle period, and a tick from before the start does not cover a transaction that was open then.
 */
export async function tickNow(session: Session, queues: string[]): Promise<Map<string, bigint>> {
  const ticks = new Map<string, bigint>();
  for (const queue of queues) {
    const force = async (context: Parameters<typeof tick>[0]) => {
      await context.connect(context.node, (root) => forceTick(root, queue));
      return tick(context);
    };
    await session.scheduled({
      unitName: 'tick',
      unit: force,
      queue,
      node: queueConfig(session.config, queue).root,
    });
  }
  const status = await readStatus(session, queues);
  for (const { name, nodes } of status.queues) {
    const last = nodes.find(({ type }) => type === 'root')?.tick;
    if (last !== null && last !== undefined) ticks.set(name, BigInt(last));
  }
  return ticks;
}
