import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';
import { requireNode } from '../topology/local-node.ts';

/** Returns the local watermark: events up to this tick are no longer needed below this node. */
export async function getLocalWatermark(client: Client, queue: string): Promise<TickId | null> {
  return (await requireNode(client, queue)).localWatermark;
}

/**
 * Registers on the provider the tick up to which a subscriber no longer needs events, so that event tables can rotate. Returns whether the
 * watermark has moved.
 */
export async function publishWatermark(
  provider: Client,
  queue: string,
  of: { node: string; watermark: TickId },
): Promise<boolean> {
  const verdict = await provider.first<ReturnCode>(
    `select ${returnCodeColumns} from pgq_node.set_subscriber_watermark($1, $2, $3)`,
    [queue, of.node, of.watermark],
  );
  return accept(provider.node, verdict).code !== 100;
}

/** Publishes the lowest position below the root to all nodes, if that was not done recently. Call it on the root. */
export async function maintainWatermark(root: Client, queue: string): Promise<number> {
  const row = await root.first<{ changed: number }>('select pgq_node.maint_watermark($1) as changed', [
    queue,
  ]);
  return row?.changed ?? 0;
}
