/** `pgtide events` and `pgtide pass-events`: events that replay on the leaves of a queue could not handle. */
import { configPath, loadConfig, queueConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { requireNode } from '../node/topology.ts';
import {
  listUnhandled,
  passCommand,
  passEvents as passOnNode,
  summarizeUnhandled,
  type UnhandledEvent,
} from '../node/unhandled-event.ts';
import { columns, plural } from './figures.ts';
import type { Invocation } from './program.ts';
import { onNode, type QueueOptions, shown, tell } from './queue-node.ts';
import { fails, type Verdict } from './verdict.ts';

/** The leaf that is named, or all of the queue. */
async function onLeaves<T>(
  invocation: Invocation,
  queue: string,
  { node }: QueueOptions,
  work: (client: Client) => Promise<T>,
): Promise<T[]> {
  const { leaves } = queueConfig(loadConfig(configPath(invocation.global.config)), queue);
  if (node !== undefined && !leaves.includes(node))
    throw new PgtideError('input', `${node} is not a leaf of ${queue}`, {
      remedy: leaves.length > 0 ? `its leaves: ${leaves.join(', ')}` : 'it has none',
    });
  const results: T[] = [];
  for (const leaf of node === undefined ? leaves : [node])
    results.push(
      await onNode(invocation, leaf, async (client) => {
        await requireNode(client, queue);
        return work(client);
      }),
    );
  return results;
}

const states: Record<UnhandledEvent['state'], string> = {
  aside: 'set aside',
  stopped: 'replay stops at it',
  passed: 'replay will go past it',
};

export async function events(invocation: Invocation, queue: string, options: QueueOptions): Promise<Verdict> {
  const nodes = await onLeaves(invocation, queue, options, async (client) => {
    const { unkept } = await summarizeUnhandled(client, queue);
    return { node: client.node, unkept, events: await listUnhandled(client, queue) };
  });
  const lines = nodes.flatMap(({ node, events: found, unkept }) => [
    ...columns(
      found.map(({ id, state, reason, time, type, data, whole }) => [
        node,
        String(id),
        time?.toISOString() ?? '',
        states[state],
        reason ?? '',
        plain(type),
        whole || state !== 'aside' ? plain(data) : 'its data could not be sent or kept',
      ]),
    ),
    ...(unkept > 0n ? [`${node}: and ${plural(Number(unkept), 'event')} that were only counted`] : []),
  ]);
  const told = tell(invocation, options, { queue, nodes }, lines.length > 0 ? lines : ['no events']);
  const open = nodes.find(
    ({ unkept, events: found }) => unkept > 0n || found.some(({ state }) => state !== 'passed'),
  );
  if (!open) return told;
  return fails(
    `${open.node}: there are events of ${queue} that replay cannot handle`,
    `once you have looked at them: ${passCommand(queue, open.node, 'EVENT…|--all')}`,
  );
}

/** On one line, cut, and without what would control a terminal. */
function plain(text: string | null): string {
  return shown(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

export interface PassOptions extends QueueOptions {
  events: readonly bigint[];
  all?: boolean;
}

export async function passEvents(
  invocation: Invocation,
  queue: string,
  options: PassOptions,
): Promise<Verdict> {
  const nodes = await onLeaves(invocation, queue, options, async (client) => ({
    node: client.node,
    ...(await passOnNode(client, queue, options.all ? null : options.events)),
  }));
  const lines = nodes.map(
    ({ node, forgotten, passed }) =>
      `${node}: ${plural(Number(forgotten), 'event')} forgotten, replay will go past ${plural(Number(passed), 'event')}`,
  );
  return tell(invocation, options, { queue, nodes }, lines);
}
