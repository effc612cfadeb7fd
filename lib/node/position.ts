import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';

/** Where a consumer on this node stands: the last tick that it has completed. */
export interface Position {
  tick: TickId;
  provider: string;
  paused: boolean;
  error: string | null;
}

/** The position as it is stored with the applied rows; undefined when the consumer is unknown here. */
export function getPosition(client: Client, queue: string, consumer: string): Promise<Position | undefined> {
  return client.first<Position>(
    `select last_tick_id::bigint as tick, provider_node as provider, paused, cur_error as error
       from pgq_node.get_consumer_info($1) where consumer_name = $2`,
    [queue, consumer],
  );
}
