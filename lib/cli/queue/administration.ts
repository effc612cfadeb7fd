/** `pgtide queue` create, drop, show, set, tick, install, uninstall. */
import { PgtideError } from '../../errors.ts';
import { install as installSql } from '../../install/install-schemas.ts';
import { keptFunctions } from '../../install/retired-functions.ts';
import { uninstall as uninstallSql } from '../../install/uninstall.ts';
import type { CommandResult } from '../../local/command-result.ts';
import { type ConsumerInfo, listConsumers } from '../../pgq/consumer-info.ts';
import { hasQueues } from '../../pgq/queue.ts';
import {
  createQueue,
  dropQueue,
  isNodeQueue,
  listQueues,
  type QueueDetails,
  setQueueParameter,
} from '../../pgq/queue-settings.ts';
import { makeTick } from '../../pgq/ticker.ts';
import { columns, count, duration, plural, upTo } from '../../terminal/figures.ts';
import type { Invocation } from '../invocation.ts';
import { megabytes, nodesOf, onNode, onQueue, type QueueOptions, tell } from './connection.ts';

export type Setting = readonly [parameter: string, value: string];

export function create(
  invocation: Invocation,
  queue: string,
  settings: readonly Setting[],
  options: QueueOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const created = await client.transaction({}, async () => {
      const made = await createQueue(client, queue);
      for (const [parameter, value] of settings) await setQueueParameter(client, queue, parameter, value);
      return made;
    });
    return tell(invocation, options, { queue, node: client.node, created }, [
      `${client.node}: ${queue} ${created ? 'created' : 'is there already'}`,
    ]);
  });
}

export function drop(
  invocation: Invocation,
  queue: string,
  options: QueueOptions & { force?: boolean },
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    if (await isNodeQueue(client, queue))
      throw new PgtideError('state', `${client.node}: the queue ${queue} belongs to a replication`, {
        remedy: `end that first: select * from pgq_node.drop_node('${queue}', '<node>')`,
      });
    const consumers = await listConsumers(client, queue);
    if (consumers.length > 0 && !options.force)
      throw new PgtideError(
        'state',
        `${client.node}: the queue ${queue} is read by ${consumers.map(({ name }) => name).join(', ')}`,
        { remedy: `unregister them, or run: pgtide queue drop ${queue} --force` },
      );
    await dropQueue(client, queue, options.force ?? false);
    return tell(invocation, options, { queue, node: client.node, dropped: true }, [
      `${client.node}: ${queue} dropped`,
    ]);
  });
}

export function set(
  invocation: Invocation,
  queue: string,
  settings: readonly Setting[],
  options: QueueOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    await client.transaction({}, async () => {
      for (const [parameter, value] of settings) await setQueueParameter(client, queue, parameter, value);
    });
    const result = { queue, node: client.node, set: Object.fromEntries(settings) };
    return tell(
      invocation,
      options,
      result,
      settings.map(([parameter, value]) => `${queue}: ${parameter} = ${value}`),
    );
  });
}

export function tick(invocation: Invocation, queue: string, options: QueueOptions): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const made = await makeTick(client, queue);
    return tell(invocation, options, { queue, node: client.node, tick: made }, [`${queue}: tick ${made}`]);
  });
}

/** Without --node, installs on all nodes. */
export async function install(invocation: Invocation, options: QueueOptions): Promise<CommandResult> {
  const nodes = [];
  for (const node of nodesOf(invocation, undefined, options))
    nodes.push({ node, ...(await onNode(invocation, node, (client) => installSql(client))) });
  return tell(
    invocation,
    options,
    { nodes },
    nodes.map(({ node, installed, upgraded, retired }) => {
      const done = [
        installed.length > 0 && `installed ${installed.join(', ')}`,
        upgraded.length > 0 && `upgraded ${upgraded.join(', ')}`,
        retired.length > 0 && keptFunctions(retired),
      ].filter((what) => what !== false);
      return `${node}: ${done.join('; ') || 'nothing to do'}`;
    }),
  );
}

export async function uninstall(
  invocation: Invocation,
  options: QueueOptions & { force?: boolean },
): Promise<CommandResult> {
  const { node, force = false } = options;
  if (node === undefined) throw new PgtideError('input', 'no node is named', { remedy: 'say --node NODE' });
  const removed = await onNode(invocation, node, (client) => uninstallSql(client, { force }));
  return tell(invocation, options, { node, removed }, [
    `${node}: ${removed.length > 0 ? `removed ${removed.join(', ')}` : 'nothing to do'}`,
  ]);
}

interface ShownQueue extends QueueDetails {
  node: string;
  consumers: ConsumerInfo[];
}

/** Shows one queue with its consumers, or all queues of every node. */
export async function show(
  invocation: Invocation,
  queue: string | undefined,
  options: QueueOptions,
): Promise<CommandResult> {
  const queues: ShownQueue[] = [];
  const without: string[] = [];
  for (const node of nodesOf(invocation, queue, options))
    await onNode(invocation, node, async (client) => {
      if (!(await hasQueues(client))) {
        without.push(node);
        return;
      }
      for (const details of await listQueues(client, queue ?? null))
        queues.push({ node, ...details, consumers: await listConsumers(client, details.name) });
    });
  if (queue !== undefined && queues.length === 0)
    throw new PgtideError(
      'not-found',
      `there is no queue ${queue} on ${nodesOf(invocation, queue, options)[0]}`,
      {
        remedy: 'pgtide queue show lists the queues; --node names another node',
      },
    );
  const lines = [
    ...queues.flatMap(queueLines),
    ...without.map((node) => `${node}: no queues; pgtide queue install --node ${node} installs them`),
  ];
  return tell(invocation, options, { queues }, lines.length > 0 ? lines : ['no queues']);
}

function queueLines(queue: ShownQueue): string[] {
  const lag = tickedWhen(queue.tickerLagSeconds);
  const rate = queue.eventsPerSecond ? `, ${count(queue.eventsPerSecond)} events/s` : '';
  const states = [
    queue.paused && 'ticker paused',
    queue.externalTicker && 'ticked from outside',
    queue.insertDisabled && 'takes no events',
  ].filter((state) => state !== false);
  return [
    `${queue.name} on ${queue.node}: tick ${queue.lastTick ?? '-'}, ${lag}, ${upTo(queue.newEvents, 'new event')}${rate}`,
    `   ${[
      `a tick each ${duration(queue.tickerMaxLagSeconds)} or ${plural(queue.tickerMaxCount, 'event')}`,
      `idle ${duration(queue.tickerIdlePeriodSeconds)}`,
      `rotation each ${duration(queue.rotationPeriodSeconds)}, the last ${duration(queue.sinceSwitchSeconds)} ago`,
      megabytes(queue.bytes),
      ...states,
    ].join('; ')}`,
    ...columns(queue.consumers.map(consumerCells)).map((line) => `   ${line}`),
  ];
}

function consumerCells(consumer: ConsumerInfo): string[] {
  if (consumer.lastTick === null) return [consumer.name, 'idle subconsumer', '', '', ''];
  return [
    consumer.name,
    `tick ${consumer.lastTick}`,
    consumer.lagSeconds === null ? 'lag unknown' : `lag ${duration(consumer.lagSeconds)}`,
    `${upTo(consumer.pendingEvents, 'event')} behind`,
    consumer.batch === null
      ? `seen ${duration(consumer.lastSeenSeconds ?? 0)} ago`
      : `batch ${consumer.batch} open for ${duration(consumer.lastSeenSeconds ?? 0)}`,
  ];
}

function tickedWhen(lagSeconds: number | null): string {
  if (lagSeconds === null) return 'never ticked';
  return lagSeconds < 0
    ? `ticked ${duration(-lagSeconds)} in the future: the clock was set back`
    : `ticked ${duration(lagSeconds)} ago`;
}
