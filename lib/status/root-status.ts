import { listCaptureProblems, listLeftCaptures } from '../capture/capture.ts';
import type { Client } from '../db/client.ts';
import { inspectTables, obstaclesOf, providerPrivileges } from '../membership/inspection.ts';
import { listTables } from '../membership/member-tables.ts';
import { listConsumers } from '../pgq/consumer-info.ts';
import { getQueueInfo, type QueueInfo } from '../pgq/queue.ts';
import { shellWord } from '../shell-word.ts';
import { requireNode } from '../topology/local-node.ts';
import { tickOfTheFuture } from './clocks.ts';
import { isProblemCode, type Problem } from './found-problem.ts';
import { rotationProblems } from './rotation-problems.ts';
import type { NodeStatus } from './shape.ts';

/** Least age at which a tick is reported as stale. */
const STALE_TICK_SECONDS = 180;

export interface RootStatus {
  node: NodeStatus;
  info: QueueInfo | undefined;
  /** All consumers of the queue on the root. */
  consumers: string[];
}

/** Reads the state of a queue's root: ticker, captures, rights, rotation. */
export async function readRoot(client: Client, queue: string): Promise<RootStatus> {
  const local = await requireNode(client, queue);
  const info = await getQueueInfo(client, queue);
  const tables = (await listTables(client, queue)).filter((table) => table.local);
  const names = tables.map(({ name }) => name);
  const captures = await captureProblems(client, queue);
  const problems = [
    ...tickerProblems(queue, client.node, info),
    ...captures,
    ...(await leftCaptureProblems(client, queue, captures)),
    ...(await rightsProblems(client, names, providerPrivileges)),
    ...(await rotationProblems(client, queue)),
  ];
  return {
    info,
    consumers: (await listConsumers(client, queue)).map(({ name }) => name),
    node: {
      name: client.node,
      type: local.type,
      provider: null,
      lagSeconds: 0,
      tick: local.tick === null ? null : Number(local.tick),
      tables: names.map((name) => ({
        name,
        state: 'ok',
        copiedRows: 0,
        totalRowsEstimate: null,
        error: null,
      })),
      sequences: [],
      problems,
    },
  };
}

function tickerProblems(queue: string, root: string, info: QueueInfo | undefined): Problem[] {
  if (!info)
    return [
      {
        code: 'node-missing',
        message: `there is no queue ${queue} in the root`,
        remedy: `run: pgtide init ${queue}`,
      },
    ];
  if (info.tickerPaused)
    return [
      {
        code: 'ticker-paused',
        message: `the ticker of ${queue} is paused`,
        remedy: `select pgq.set_queue_config('${queue}', 'ticker_paused', '0')`,
      },
    ];
  const age = info.tickerLagSeconds;
  const limit = info.tickerIdlePeriodSeconds + STALE_TICK_SECONDS;
  if (age !== null && age < 0) return tickOfTheFuture(queue, root, age);
  if (age !== null && age <= limit) return [];
  return [
    {
      code: 'ticker-stale',
      message:
        age === null
          ? `${queue} has never been ticked`
          : `the last tick of ${queue} is ${Math.round(age)} s old`,
      remedy: 'check that the schedule of tick is on, and what its last run logged; locally: pgtide run',
    },
  ];
}

async function captureProblems(client: Client, queue: string): Promise<Problem[]> {
  const found = await listCaptureProblems(client, queue);
  return found.map(({ code, message, remedy }) => ({
    code: isProblemCode(code) ? code : 'status-failed',
    message,
    remedy,
  }));
}

/** Writers of such a table bear the cost of a capture that no consumer reads. A missing table may exist under another name. */
async function leftCaptureProblems(
  client: Client,
  queue: string,
  others: readonly Problem[],
): Promise<Problem[]> {
  if (others.some(({ code }) => code === 'table-missing')) return [];
  const found = await listLeftCaptures(client, queue);
  return found.map((name) => ({
    code: 'capture-left',
    message: `${client.node}: ${name} has triggers of ${queue}'s capture, and is not in ${queue}`,
    remedy: `unless add-table or remove-table is running: pgtide remove-table ${queue} ${shellWord(name)}`,
  }));
}

/** Reports rights that existed when a table was added and no longer exist, and similar changes. */
export async function rightsProblems(
  client: Client,
  names: readonly string[],
  privileges: readonly string[],
): Promise<Problem[]> {
  const tables = await inspectTables(client, names, privileges);
  return tables
    .flatMap((table) => obstaclesOf(client.node, table))
    .map(({ kind, text, remedy }) => ({
      code: kind === 'privilege' ? 'privilege-missing' : 'table-unfit',
      message: text,
      remedy: remedy ?? '',
    }));
}
