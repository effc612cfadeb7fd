/** `pgtide queue` register, unregister, reposition, and the same for the members of cooperative consumers. */
import type { Client } from '../../db/client.ts';
import { PgtideError } from '../../errors.ts';
import type { CommandResult } from '../../local/command-result.ts';
import { getConsumerInfo } from '../../pgq/consumer-info.ts';
import {
  positionOf,
  registerConsumer,
  registerConsumerAt,
  registerSubconsumer,
  unregisterConsumer,
  unregisterSubconsumer,
} from '../../pgq/subscription.ts';
import type { Invocation } from '../invocation.ts';
import { onQueue, type QueueOptions, tell } from './connection.ts';

/** A place in a queue: at a tick, or the position of another consumer. */
export interface PlaceOptions extends QueueOptions {
  at?: bigint;
  copy?: string;
}

function placeOf(
  client: Client,
  queue: string,
  { at, copy }: PlaceOptions,
): Promise<bigint> | bigint | undefined {
  return copy === undefined ? at : positionOf(client, queue, copy);
}

export function register(
  invocation: Invocation,
  queue: string,
  consumer: string,
  options: PlaceOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const there = await getConsumerInfo(client, queue, consumer);
    const place = await placeOf(client, queue, options);
    if (there && place !== undefined)
      throw new PgtideError(
        'state',
        `${client.node}: ${consumer} reads ${queue} already, from tick ${there.lastTick}`,
        {
          remedy: `to move it: pgtide queue reposition ${queue} ${consumer} --at ${place}`,
        },
      );
    const registered = await (place === undefined
      ? registerConsumer(client, queue, consumer)
      : registerConsumerAt(client, queue, consumer, place));
    const info = await getConsumerInfo(client, queue, consumer);
    const tick = info?.lastTick ?? null;
    return tell(invocation, options, { queue, consumer, node: client.node, registered, tick }, [
      registered
        ? `${consumer} reads ${queue} from tick ${tick} on`
        : `${consumer} reads ${queue} already, from tick ${tick}`,
    ]);
  });
}

export function unregister(
  invocation: Invocation,
  queue: string,
  consumer: string,
  options: QueueOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    await requireConsumer(client, queue, consumer);
    await unregisterConsumer(client, queue, consumer);
    return tell(invocation, options, { queue, consumer, node: client.node, unregistered: true }, [
      `${consumer} does not read ${queue} any more`,
    ]);
  });
}

export function reposition(
  invocation: Invocation,
  queue: string,
  consumer: string,
  options: PlaceOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const before = await requireConsumer(client, queue, consumer);
    const place = await placeOf(client, queue, options);
    if (place === undefined) throw new PgtideError('internal', 'no place is named');
    await registerConsumerAt(client, queue, consumer, place);
    const result = { queue, consumer, node: client.node, from: before.lastTick, tick: place };
    return tell(invocation, options, result, [
      `${consumer} reads ${queue} from tick ${place} on; it was at ${before.lastTick}`,
    ]);
  });
}

export async function requireConsumer(client: Client, queue: string, consumer: string) {
  const info = await getConsumerInfo(client, queue, consumer);
  if (info) return info;
  throw new PgtideError('not-found', `${client.node}: ${consumer} is no consumer of the queue ${queue}`, {
    remedy: `pgtide queue show ${queue} lists the consumers`,
  });
}

export interface Membership {
  queue: string;
  consumer: string;
  subconsumer: string;
}

export function registerMember(
  invocation: Invocation,
  membership: Membership,
  options: QueueOptions,
): Promise<CommandResult> {
  const { queue, consumer, subconsumer } = membership;
  return onQueue(invocation, queue, options, async (client) => {
    const registered = await registerSubconsumer(client, queue, consumer, subconsumer);
    return tell(invocation, options, { ...membership, node: client.node, registered }, [
      `${subconsumer} ${registered ? 'works' : 'works already'} for ${consumer} of ${queue}`,
    ]);
  });
}

export function unregisterMember(
  invocation: Invocation,
  membership: Membership,
  options: QueueOptions & { close?: boolean },
): Promise<CommandResult> {
  const { queue, consumer, subconsumer } = membership;
  return onQueue(invocation, queue, options, async (client) => {
    const member = `${consumer}.${subconsumer}`;
    const info = await requireConsumer(client, queue, member);
    if (info.batch !== null && !options.close)
      throw new PgtideError('state', `${client.node}: ${member} has the batch ${info.batch} open`, {
        remedy: `let it finish, or give up these events: pgtide queue unregister-subconsumer ${queue} ${consumer} ${subconsumer} --close`,
      });
    await unregisterSubconsumer(client, { ...membership, close: options.close ?? false });
    const result = { ...membership, node: client.node, unregistered: true, closedBatch: info.batch };
    return tell(invocation, options, result, [
      `${subconsumer} does not work for ${consumer} of ${queue} any more${info.batch === null ? '' : `; the events of batch ${info.batch} are given up`}`,
    ]);
  });
}
