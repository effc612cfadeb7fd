import type { CommandResult } from '../local/command-result.ts';
import { follow } from '../local/follow.ts';
import { withSession } from '../local/session.ts';
import { openDisplay } from '../terminal/display.ts';
import type { RunOptions } from './command-options.ts';
import { interruptible } from './interrupt.ts';
import type { Invocation } from './invocation.ts';

export function run(
  { terminal, global }: Invocation,
  only: string | undefined,
  options: RunOptions,
): Promise<CommandResult> {
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
