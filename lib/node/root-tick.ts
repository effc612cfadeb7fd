import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';
import { requireNode } from '../topology/local-node.ts';

export interface RootTick {
  /** The new tick; null if no tick was due. */
  tick: TickId | null;
  /** Age of the last tick. */
  lagSeconds: number;
}

/**
 * Creates a tick of a queue on its root if one is due, as tickQueue in lib/pgq/ticker.ts does, and returns the age of the last tick, in one
 * query: this is the most frequent call of a month. Only if it fails, a second query finds out what is missing.
 */
export async function tickRoot(client: Client, queue: string): Promise<RootTick> {
  try {
    const row = await client.transaction({}, () =>
      client.first<RootTick>(
        `select t.tick::bigint as tick,
                case when t.tick is null then greatest(extract(epoch from i.ticker_lag), 0) else 0 end::float8 as "lagSeconds"
           from pgq.get_queue_info($1) i, pgq.ticker($1) as t (tick)
          where pgq_node.is_root_node($1) is not null`,
        [queue],
      ),
    );
    if (row) return row;
    throw new PgtideError('not-found', `${client.node}: there is no queue ${queue}`);
  } catch (error) {
    if (error instanceof PgtideError && error.kind === 'not-found') await requireNode(client, queue);
    throw error;
  }
}
