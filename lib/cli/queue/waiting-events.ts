/**
 * `pgtide queue` batch, events, retries, dead-letters, and the commands that act on them: the events that a consumer
 * has before it.
 */
import type { Client } from '../../db/client.ts';
import { PgtideError } from '../../errors.ts';
import type { BatchId } from '../../ids.ts';
import type { CommandResult } from '../../local/command-result.ts';
import { getBatchInfo } from '../../pgq/batch.ts';
import { peekEvents, type QueueEvent } from '../../pgq/event.ts';
import {
  deleteRetries,
  listDeadLetters,
  listRetries,
  purgeDeadLetters,
  replayDeadLetters,
} from '../../pgq/retry.ts';
import { columns, duration, plural } from '../../terminal/figures.ts';
import type { Invocation } from '../invocation.ts';
import { onQueue, type QueueOptions, shown, tell } from './connection.ts';
import { requireConsumer } from './consumers.ts';

export interface ListOptions extends QueueOptions {
  limit: number;
}

export function batch(
  invocation: Invocation,
  queue: string,
  consumer: string,
  options: QueueOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const { batch: id } = await requireConsumer(client, queue, consumer);
    const info = id === null ? undefined : await getBatchInfo(client, id);
    if (!info) return tell(invocation, options, { batch: null }, [`${consumer} has no batch open`]);
    return tell(invocation, options, info, [
      `batch ${info.batch} of ${consumer}: after tick ${info.previousTick}, up to tick ${info.tick}`,
      `   ${info.begins.toISOString()} to ${info.ends.toISOString()}, ${duration(info.lagSeconds)} ago; at most ${plural(info.events, 'event')}, besides those that come again`,
    ]);
  });
}

export function events(
  invocation: Invocation,
  queue: string,
  consumer: string,
  options: ListOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const id = await openBatch(client, queue, consumer);
    const found = await peekEvents(client, id, options.limit);
    const lines = columns(found.map(eventCells));
    return tell(invocation, options, { batch: id, events: found }, lines.length > 0 ? lines : ['no events']);
  });
}

async function openBatch(client: Client, queue: string, consumer: string): Promise<BatchId> {
  const { batch: id } = await requireConsumer(client, queue, consumer);
  if (id !== null) return id;
  throw new PgtideError('state', `${client.node}: ${consumer} has no batch of ${queue} open`, {
    remedy: 'events can be looked at while a consumer has them in a batch',
  });
}

function eventCells({ id, time, retry, type, data }: QueueEvent): string[] {
  return [
    String(id),
    time.toISOString(),
    retry === null ? '' : `came again ${plural(retry, 'time')}`,
    shown(type),
    shown(data),
  ];
}

export function retries(
  invocation: Invocation,
  queue: string,
  consumer: string | undefined,
  options: ListOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const found = await listRetries(client, queue, consumer ?? null, options.limit);
    const lines = columns(
      found.map(({ id, consumer: owner, after, retries: tries, type, data }) => [
        String(id),
        owner,
        `after ${after.toISOString()}`,
        `put aside ${plural(tries, 'time')}`,
        shown(type),
        shown(data),
      ]),
    );
    return tell(invocation, options, { retries: found }, lines.length > 0 ? lines : ['nothing waits']);
  });
}

export interface Chosen {
  events: readonly bigint[];
  all?: boolean;
}

export function forgetRetries(
  invocation: Invocation,
  of: { queue: string; consumer: string },
  options: QueueOptions & Chosen,
): Promise<CommandResult> {
  return onQueue(invocation, of.queue, options, async (client) => {
    await requireConsumer(client, of.queue, of.consumer);
    const deleted = await deleteRetries(client, of.queue, of.consumer, options.all ? null : options.events);
    return tell(invocation, options, { ...of, node: client.node, deleted }, [
      `${plural(deleted, 'event')} will not come again`,
    ]);
  });
}

export function deadLetters(
  invocation: Invocation,
  queue: string,
  consumer: string | undefined,
  options: ListOptions,
): Promise<CommandResult> {
  return onQueue(invocation, queue, options, async (client) => {
    const found = await listDeadLetters(client, queue, consumer ?? null, options.limit);
    const lines = columns(
      found.map(({ id, consumer: owner, diedAt, reason, type, data }) => [
        String(id),
        owner,
        diedAt.toISOString(),
        shown(reason),
        shown(type),
        shown(data),
      ]),
    );
    return tell(invocation, options, { deadLetters: found }, lines.length > 0 ? lines : ['no dead letters']);
  });
}

export function replayDead(
  invocation: Invocation,
  of: { queue: string; consumer: string },
  options: QueueOptions & Chosen,
): Promise<CommandResult> {
  return onQueue(invocation, of.queue, options, async (client) => {
    await requireConsumer(client, of.queue, of.consumer);
    const replayed = await replayDeadLetters(
      client,
      of.queue,
      of.consumer,
      options.all ? null : options.events,
    );
    return tell(invocation, options, { ...of, node: client.node, replayed }, [
      `${plural(replayed, 'event')} ${replayed === 1 ? 'comes' : 'come'} again`,
    ]);
  });
}

/** Also works for consumers that no longer exist. */
export function purgeDead(
  invocation: Invocation,
  of: { queue: string; consumer: string },
  options: QueueOptions & Chosen & { olderThan: string },
): Promise<CommandResult> {
  return onQueue(invocation, of.queue, options, async (client) => {
    const purged = await purgeDeadLetters(client, of.queue, of.consumer, {
      events: options.all ? null : options.events,
      olderThan: options.olderThan,
    });
    return tell(invocation, options, { ...of, node: client.node, purged }, [
      `${plural(purged, 'dead letter')} forgotten`,
    ]);
  });
}
