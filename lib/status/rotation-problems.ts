import type { Client } from '../db/client.ts';
import type { Problem } from './found-problem.ts';

interface Rotation {
  overdue: boolean;
  periodSeconds: number;
  sinceSwitchSeconds: number;
  /** False: the second step of the last rotation has not run. */
  complete: boolean;
  /** The consumer that is furthest behind, and whether it still needs the table that is to be emptied next. */
  consumer: string | null;
  behindSeconds: number | null;
  holds: boolean;
  bytes: bigint;
}

/** Rotation that should have happened long ago: who holds it, and how much disk that has cost. */
export async function rotationProblems(root: Client, queue: string): Promise<Problem[]> {
  const rotation = await root.first<Rotation>(
    `select least(q.queue_switch_time, now()) + 2 * q.queue_rotation_period < now() as overdue,
            extract(epoch from q.queue_rotation_period)::float8 as "periodSeconds",
            extract(epoch from now() - q.queue_switch_time)::float8 as "sinceSwitchSeconds",
            q.queue_switch_step2 is not null as complete,
            slowest.co_name as consumer,
            extract(epoch from now() - slowest.tick_time)::float8 as "behindSeconds",
            coalesce(txid_snapshot_xmin(slowest.tick_snapshot) <= q.queue_switch_step2, false) as holds,
            (select coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint
               from pg_inherits i where i.inhparent = to_regclass(q.queue_data_pfx)) as bytes
       from pgq.queue q
       left join lateral (
            select c.co_name, t.tick_time, t.tick_snapshot
              from pgq.subscription s
              join pgq.consumer c on c.co_id = s.sub_consumer
              join pgq.tick t on t.tick_queue = s.sub_queue and t.tick_id = s.sub_last_tick
             where s.sub_queue = q.queue_id
             order by s.sub_last_tick limit 1) slowest on true
      where q.queue_name = $1`,
    [queue],
  );
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
    return 'see that maintain runs every minute, and what its last run logged';
  const node = /^\.(.+)\.watermark$/.exec(consumer)?.[1];
  if (node)
    return `see that replay of ${node} and maintain run; if ${node} is gone for good: select * from pgq_node.drop_node('${queue}', '${node}')`;
  if (consumer.startsWith('.')) return 'see that maintain runs every minute, and what its last run logged';
  return `see that ${consumer} runs; if it is gone for good: select pgq.unregister_consumer('${queue}', '${consumer}')`;
}

function hours(seconds: number): string {
  return seconds < 3600 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

function megabytes(bytes: bigint): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(1)} MB`;
}
