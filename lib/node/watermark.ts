import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';
import { accept, type Verdict, verdictColumns } from './return-code.ts';
import { requireNode } from './topology.ts';

/** Everything up to this tick is not needed below this node any more. */
export async function getLocalWatermark(client: Client, queue: string): Promise<TickId | null> {
  return (await requireNode(client, queue)).localWatermark;
}

/** Tells the provider what a subscriber needs no more, so that event tables can rotate. True: it moved. */
export async function publishWatermark(
  provider: Client,
  queue: string,
  of: { node: string; watermark: TickId },
): Promise<boolean> {
  const verdict = await provider.first<Verdict>(
    `select ${verdictColumns} from pgq_node.set_subscriber_watermark($1, $2, $3)`,
    [queue, of.node, of.watermark],
  );
  return accept(provider.node, verdict).code !== 100;
}

/** On the root: publishes the lowest position below it to all nodes, if that has not been done for a while. */
export async function maintainWatermark(root: Client, queue: string): Promise<number> {
  const row = await root.first<{ changed: number }>('select pgq_node.maint_watermark($1) as changed', [
    queue,
  ]);
  return row?.changed ?? 0;
}
