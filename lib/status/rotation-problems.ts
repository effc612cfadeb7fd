import type { Client } from '../db/client.ts';
import { sqlText } from '../db/sql-text.ts';
import type { Problem } from './found-problem.ts';

interface Rotation {
  overdue: boolean;
  periodSeconds: number;
  sinceSwitchSeconds: number;
  /** False if the second step of the last rotation has not run. */
  complete: boolean;
  /** The consumer that is furthest behind; `holds`: it still needs the table that is to be emptied next. */
  consumer: string | null;
  behindSeconds: number | null;
  holds: boolean;
  bytes: bigint;
}

/** Reports a rotation that is long overdue: its blocker, and the disk space that the event tables and row tables use. */
export async function rotationProblems(root: Client, queue: string): Promise<Problem[]> {
  const rotation = await root.first<Rotation>(sqlText('status/rotation.sql'), [queue]);
  if (!rotation?.overdue) return [];
  const held = `the event tables of ${queue} have not rotated for ${hours(rotation.sinceSwitchSeconds)} (the period is ${hours(rotation.periodSeconds)}) and hold ${megabytes(rotation.bytes)}`;
  return [
    { code: 'rotation-blocked', message: `${held}: ${cause(rotation)}`, remedy: remedy(queue, rotation) },
  ];
}

function cause({ complete, consumer, behindSeconds, holds }: Rotation): string {
  if (!complete) return 'the last rotation was begun and not ended';
  if (holds && consumer !== null) return `the consumer ${consumer} is ${hours(behindSeconds ?? 0)} behind`;
  return 'no consumer holds them, so maintain does not run, or a lock keeps it from emptying a table';
}

function remedy(queue: string, { complete, consumer, holds }: Rotation): string {
  if (!complete || !holds || consumer === null)
    return 'check that the schedule of maintain is on, and what its last run logged';
  const node = /^\.(.+)\.watermark$/.exec(consumer)?.[1];
  if (node)
    return `check that replay of ${node} and maintain run; if ${node} is gone for good: select * from pgq_node.drop_node('${queue}', '${node}')`;
  if (consumer.startsWith('.'))
    return 'check that the schedule of maintain is on, and what its last run logged';
  return `check that ${consumer} runs; if it is gone for good: select pgq.unregister_consumer('${queue}', '${consumer}')`;
}

function hours(seconds: number): string {
  return seconds < 3600 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

function megabytes(bytes: bigint): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(1)} MB`;
}
