import type { Client } from '../db/client.ts';
import type { TickId } from '../ids.ts';
import { getConsumerInfo } from '../pgq/consumer-info.ts';
import { accept, type ReturnCode, returnCodeColumns } from '../pgq/return-code.ts';

/** The position of a consumer on this node: the last tick that it has completed. */
export interface Position {
  tick: TickId;
  provider: string;
  paused: boolean;
  error: string | null;
}

/** Returns the position that is stored with the applied rows; undefined if this node does not know the consumer. */
export function getPosition(client: Client, queue: string, consumer: string): Promise<Position | undefined> {
  return client.first<Position>(
    `select last_tick_id::bigint as tick, provider_node as provider, paused, cur_error as error
       from pgq_node.get_consumer_info($1) where consumer_name = $2`,
    [queue, consumer],
  );
}

/**
 * A follower's position compared with the provider's position of the consumer.
 * - `on-track`: the next batch begins at the follower's position.
 * - `already-applied`: the open batch ends there, and only has to be finished.
 * - `lost`: neither of these, or the tick no longer exists.
 * - `unknown-consumer`: the provider does not have the consumer, and keeps no events for it.
 */
export interface Standing {
  verdict: 'on-track' | 'already-applied' | 'lost' | 'unknown-consumer';
  /** The provider's position of the consumer; null if it does not have the consumer. */
  providerTick: TickId | null;
}

export async function comparePosition(
  provider: Client,
  of: { queue: string; consumer: string; tick: TickId },
): Promise<Standing> {
  const consumer = await getConsumerInfo(provider, of.queue, of.consumer);
  if (!consumer) return { verdict: 'unknown-consumer', providerTick: null };
  const providerTick = consumer.lastTick;
  if (providerTick === of.tick) return { verdict: 'on-track', providerTick };
  if (consumer.nextTick === of.tick) return { verdict: 'already-applied', providerTick };
  return { verdict: 'lost', providerTick };
}

/**
 * Moves a follower's position to a tick that its provider has. Events in between are not applied, so use it only for a follower all of
 * whose tables are to be copied again. Call it in the transaction that resets those copies.
 */
export async function movePosition(
  client: Client,
  to: { queue: string; consumer: string; tick: TickId },
): Promise<void> {
  await client.query(
    `update pgtide.replay_state
        set slice_tick = null, slice_time = null, slice_ev_id = null, tick_id = null, tick_time = null,
            attempt_events = null, attempts_alone = 0, attempt_note = null
      where queue_name = $1 and consumer_name = $2`,
    [to.queue, to.consumer],
  );
  const verdict = await client.first<ReturnCode>(
    `select ${returnCodeColumns} from pgq_node.set_consumer_completed($1, $2, $3)`,
    [to.queue, to.consumer, to.tick],
  );
  accept(client.node, verdict);
}
