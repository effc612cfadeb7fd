/** `pgtide queue` blockers and new-epoch: what prevents a queue from releasing disk space, or from working at all. */
import { PgtideError } from '../../errors.ts';
import { type CommandResult, fails } from '../../local/command-result.ts';
import { hasQueues } from '../../pgq/queue.ts';
import { listQueues } from '../../pgq/queue-settings.ts';
import { listBlockers, newEpoch, type RotationBlocker } from '../../pgq/rotation.ts';
import { plural } from '../../terminal/figures.ts';
import type { Invocation } from '../invocation.ts';
import { megabytes, nodesOf, onNode, onQueue, type QueueOptions, requireQueues, tell } from './connection.ts';

/** Shows the blockers of one queue, or of all on every node. Holds if nothing blocks a rotation that is due. */
export async function blockers(
  invocation: Invocation,
  queue: string | undefined,
  options: QueueOptions,
): Promise<CommandResult> {
  const found: (RotationBlocker & { on: string })[] = [];
  for (const node of nodesOf(invocation, queue, options))
    await onNode(invocation, node, async (client) => {
      if (queue === undefined && !(await hasQueues(client))) return;
      await requireQueues(client);
      if (queue !== undefined && (await listQueues(client, queue)).length === 0)
        throw new PgtideError('not-found', `there is no queue ${queue} on ${node}`);
      for (const blocker of await listBlockers(client, queue ?? null)) found.push({ on: node, ...blocker });
    });
  const lines = found.flatMap(blockerLines);
  const verdict = tell(
    invocation,
    options,
    { blockers: found },
    lines.length > 0 ? lines : ['nothing is in the way'],
  );
  const [first, ...more] = found.filter(isInTheWay);
  if (!first) return verdict;
  const others = more.length > 0 ? ` (and ${plural(more.length, 'other')})` : '';
  return fails(`${first.queue} on ${first.on}: ${first.message}${others}`, first.remedy ?? undefined);
}

/** A blocker that is not due yet may disappear without action, except for those that only an operator can fix. */
function isInTheWay({ overdue, kind }: RotationBlocker): boolean {
  return overdue || kind === 'lost-tick' || kind === 'epoch';
}

function blockerLines(blocker: RotationBlocker & { on: string }): string[] {
  const growth = blocker.bytesPerHour ? `, ${megabytes(blocker.bytesPerHour)} more an hour` : '';
  const due = blocker.overdue ? 'overdue since' : 'not due until';
  return [
    `${blocker.queue} on ${blocker.on}: ${blocker.message}`,
    `   ${[
      blocker.since && `since ${blocker.since.toISOString()}`,
      `holds ${megabytes(blocker.heldBytes)}${growth}`,
      blocker.due && `${due} ${blocker.due.toISOString()}`,
    ]
      .filter(Boolean)
      .join('; ')}`,
    ...(blocker.remedy ? [`   fix: ${blocker.remedy}`] : []),
  ];
}

export function epoch(
  invocation: Invocation,
  queue: string,
  options: QueueOptions & { tell: boolean },
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const result = await newEpoch(client, queue, options.tell);
    return tell(invocation, options, { queue, node: client.node, ...result }, [
      result.repaired
        ? `${queue}: repaired; ${plural(result.keptTicks, 'tick')} kept, ${plural(result.pendingEvents, 'event')} still to be read`
        : `${queue}: its transaction ids are in order; nothing was done`,
    ]);
  });
}
