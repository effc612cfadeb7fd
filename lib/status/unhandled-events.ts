import type { Client } from '../db/client.ts';
import { passCommand, summarizeUnhandled } from '../node/unhandled-event.ts';
import type { Problem } from './found-problem.ts';

/** Reports events that replay on this leaf could not handle: it has set them aside, or has stopped at one. */
export async function unhandledProblems(client: Client, queue: string): Promise<Problem[]> {
  const { aside, unkept, first, stopped } = await summarizeUnhandled(client, queue);
  const problems: Problem[] = [];
  if (stopped)
    problems.push({
      code: 'event-stopped',
      message: `replay of ${queue} on ${client.node} stops at event ${stopped.id} (${stopped.label}): ${stopped.reason}`,
      remedy: `look at it, then let replay go past it: ${passCommand(queue, client.node, stopped.id)}`,
    });
  if (aside > 0n) {
    const which = first ? `event ${first.id} (${first.label}): ${first.reason}` : 'none of them is kept';
    const counted = unkept > 0n ? `; ${unkept} of them were only counted` : '';
    problems.push({
      code: 'event-set-aside',
      message: `${client.node}: ${aside} ${aside === 1n ? 'event' : 'events'} that replay cannot handle ${aside === 1n ? 'is' : 'are'} set aside, the first ${which}${counted}`,
      remedy: `look at them: pgtide events ${queue} --node ${client.node}; then forget them: ${passCommand(queue, client.node, aside === 1n && first ? first.id : '--all')}`,
    });
  }
  return problems;
}
