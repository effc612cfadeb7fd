import { openDisplay } from './display.ts';
import { type FollowOptions, follow } from './follow.ts';
import { idle, synced } from './goal.ts';
import { interruptible } from './interrupt.ts';
import type { Invocation, RunOptions } from './program.ts';
import { type Session, withSession } from './session.ts';
import { tickNow } from './tick-now.ts';
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
