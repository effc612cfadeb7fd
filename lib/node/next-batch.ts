import type { Client } from '../db/client.ts';
import { type Batch, batchColumns } from '../pgq/batch.ts';
import { newWorkerName } from '../topology/local-node.ts';

/**
 * Returns the next batch of a node that reads from this one, and the consumer name under which it reads (as `workerOf`), in one round trip.
 * If there is no new batch, this is the only query of a run.
 */
export async function nextBatchOf(
  provider: Client,
  queue: string,
  node: string,
  maxEvents: number,
): Promise<{ consumer: string; batch: Batch | undefined }> {
  const row = await provider.first<{ consumer: string } & (Batch | { id: null })>(
    `select w.consumer, ${batchColumns}
       from (select coalesce(min(i.worker_name), $3::text) as consumer
               from pgq_node.get_subscriber_info($1) i where i.node_name = $2) w
      cross join lateral pgtide.next_batch($1, w.consumer, $4)`,
    [queue, node, newWorkerName(queue, node), maxEvents],
  );
  if (!row || row.id === null)
    return { consumer: row?.consumer ?? newWorkerName(queue, node), batch: undefined };
  const { consumer, ...batch } = row;
  return { consumer, batch };
}
