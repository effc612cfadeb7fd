/** `pgtide events` and `pgtide pass-events`: events that replay on the leaves of a queue could not handle. */
import { configPath, loadConfig } from '../config/config.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import { type CommandResult, fails } from '../local/command-result.ts';
import {
  listUnhandled,
  metEvents,
  passCommand,
  passEvents as passOnNode,
  summarizeUnhandled,
  type UnhandledEvent,
  undoPasses,
} from '../node/unhandled-event.ts';
import { lastEventId } from '../pgq/queue.ts';
import { columns, plural } from '../terminal/figures.ts';
import { requireNode } from '../topology/local-node.ts';
import { isSubscriber, nodesOf, rootOf } from '../topology/tree.ts';
import type { Invocation } from './invocation.ts';
import { onNode, type QueueOptions, shown, tell } from './queue/connection.ts';

/** Runs `work` on the named leaf, or on all leaves of the queue. */
async function onLeaves<T>(
  invocation: Invocation,
  queue: string,
  { node }: QueueOptions,
  work: (client: Client) => Promise<T>,
): Promise<T[]> {
  const config = loadConfig(configPath(invocation.global.config));
  const leaves = nodesOf(config, queue, isSubscriber);
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

export async function events(
  invocation: Invocation,
  queue: string,
  options: QueueOptions,
): Promise<CommandResult> {
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
  const verdict = tell(invocation, options, { queue, nodes }, lines.length > 0 ? lines : ['no events']);
  const open = nodes.find(
    ({ unkept, events: found }) => unkept > 0n || found.some(({ state }) => state !== 'passed'),
  );
  if (!open) return verdict;
  return fails(
    `${open.node}: there are events of ${queue} that replay cannot handle`,
    `once you have looked at them: ${passCommand(queue, open.node, 'EVENT…|--all')}`,
  );
}

/** Returns the text on one line, truncated, and without characters that control a terminal. */
function plain(text: string | null): string {
  return shown(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

export interface PassOptions extends QueueOptions {
  events: readonly bigint[];
  all?: boolean;
  undo?: boolean;
}

export async function passEvents(
  invocation: Invocation,
  queue: string,
  options: PassOptions,
): Promise<CommandResult> {
  const ids = options.all ? null : options.events;
  if (options.undo) return takeBack(invocation, queue, options, ids);
  if (ids) await refuseFutureEvents(invocation, queue, options);
  const nodes = await onLeaves(invocation, queue, options, async (client) => ({
    node: client.node,
    ...(await passOnNode(client, queue, ids)),
  }));
  const lines = nodes.map(
    ({ node, forgotten, passed }) =>
      `${node}: ${plural(Number(forgotten), 'event')} forgotten, replay will go past ${plural(Number(passed), 'event')}`,
  );
  return tell(invocation, options, { queue, nodes }, lines);
}

async function takeBack(
  invocation: Invocation,
  queue: string,
  options: PassOptions,
  ids: readonly bigint[] | null,
): Promise<CommandResult> {
  const nodes = await onLeaves(invocation, queue, options, async (client) => ({
    node: client.node,
    undone: await undoPasses(client, queue, ids),
  }));
  const lines = nodes.map(
    ({ node, undone }) => `${node}: ${undone} ${undone === 1n ? 'pass' : 'passes'} taken back`,
  );
  return tell(invocation, options, { queue, nodes }, lines);
}

/**
 * Refuses ids that the queue has not assigned yet: a pass for one would let replay go past whatever event gets it.
 */
async function refuseFutureEvents(
  invocation: Invocation,
  queue: string,
  options: PassOptions,
): Promise<void> {
  const met = await onLeaves(invocation, queue, options, (client) =>
    metEvents(client, queue, options.events),
  );
  const unmet = options.events.filter((id) => !met.some((ids) => ids.has(id)));
  const [first] = unmet;
  if (first === undefined) return;
  const root = rootOf(loadConfig(configPath(invocation.global.config)), queue);
  const last = await onNode(invocation, root, async (client) => {
    await requireNode(client, queue);
    return lastEventId(client, queue);
  }).catch((error: unknown) => {
    if (!(error instanceof PgtideError)) throw error;
    throw new PgtideError(
      error.kind,
      `no leaf has met event ${first}, and ${root} cannot tell whether there is one: ${error.message}`,
      { remedy: error.remedy, cause: error },
    );
  });
  const wrong = unmet.find((id) => id < 1n || id > last);
  if (wrong === undefined) return;
  throw new PgtideError(
    'input',
    `${root}: the queue ${queue} has not given out event ${wrong}: its last is ${last}`,
    { remedy: `name events as \`pgtide events ${queue}\` and \`pgtide status ${queue}\` show them` },
  );
}
