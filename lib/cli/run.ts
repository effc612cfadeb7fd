import { openDisplay } from './display.ts';
import { follow } from './follow.ts';
import { interruptible } from './interrupt.ts';
import type { Invocation, RunOptions } from './program.ts';
import { withSession } from './session.ts';
import type { Verdict } from './verdict.ts';

export function run(
  { terminal, global }: Invocation,
  only: string | undefined,
  options: RunOptions,
): Promise<Verdict> {
  return withSession({ terminal, ...global }, async (session) => {
    const queues = session.queues(only);
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
            until: options.until,
          }),
      );
    } finally {
      display.close();
    }
  });
}
