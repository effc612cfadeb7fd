import { setTimeout as pause } from 'node:timers/promises';
import type { Budget } from '../budget.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';

const TICK_ATTEMPTS = 3;
const LONGEST_PAUSE_MS = 1_000;

/** Makes a tick on the provider and returns its id: every change that is committed now comes before it. */
export async function makeTick(provider: Client, queue: string): Promise<bigint> {
  for (let attempt = 0; attempt < TICK_ATTEMPTS; attempt += 1) {
    const last = await provider.first<{ tick: bigint | null }>('select pgq.force_tick($1) as tick', [queue]);
    await provider.query('select pgq.ticker($1)', [queue]);
    const made = await provider.first<{ tick: bigint | null }>(
      `select max(t.tick_id) as tick from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
        where q.queue_name = $1`,
      [queue],
    );
    if (made?.tick && made.tick > (last?.tick ?? 0n)) return made.tick;
  }
  throw new PgtideError('state', `${provider.node}: queue ${queue} makes no tick`, {
    remedy: `check that queue ${queue} exists there and that its ticker is not paused`,
  });
}

async function positionOf(subscriber: Client, queue: string, worker: string): Promise<bigint> {
  const row = await subscriber.first<{ tick: bigint }>(
    'select last_tick_id as tick from pgq_node.local_state where queue_name = $1 and consumer_name = $2',
    [queue, worker],
  );
  if (!row)
    throw new PgtideError(
      'state',
      `${subscriber.node} has no position in queue ${queue} (worker ${worker})`,
      {
        remedy: 'run `pgtide init`',
      },
    );
  return row.tick;
}

/** Moves replication on, or does nothing where a schedule does. Called again until the subscriber has passed the tick. */
export type Drive = (goal: { queue: string; node: string; tick: bigint }) => Promise<void>;

export interface CatchUp {
  provider: Client;
  subscriber: Client;
  queue: string;
  worker: string;
  budget: Budget;
  /** Time that must be left when the wait ends. */
  reserveMs: number;
  drive?: Drive | undefined;
}

/** Makes a tick and waits until the subscriber has passed it; false when the budget ended first. */
export async function catchUp(options: CatchUp): Promise<boolean> {
  const { provider, subscriber, queue, worker, budget, reserveMs, drive } = options;
  const tick = await makeTick(provider, queue);
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    if ((await positionOf(subscriber, queue, worker)) >= tick) return true;
    if (!budget.allows(reserveMs)) return false;
    await drive?.({ queue, node: subscriber.node, tick });
    if (drive && (await positionOf(subscriber, queue, worker)) >= tick) return true;
    await pause(pauseMs);
  }
}
