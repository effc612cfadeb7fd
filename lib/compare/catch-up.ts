import { setTimeout as pause } from 'node:timers/promises';
import type { Budget } from '../budget.ts';
import { type Clock, elapsedMs } from '../clock.ts';
import type { Client } from '../db/client.ts';
import { PgtideError } from '../errors.ts';
import type { TickId } from '../ids.ts';
import { getPosition } from '../node/position.ts';
import { makeTick } from '../pgq/ticker.ts';

const LONGEST_PAUSE_MS = 1_000;
/** If a subscriber has not moved for this long, replay does not run for it: schedules run replay each minute. */
const STALLED_AFTER_MS = 5 * 60_000;

async function positionOf(subscriber: Client, queue: string, worker: string): Promise<TickId> {
  const position = await getPosition(subscriber, queue, worker);
  if (position) return position.tick;
  throw new PgtideError('state', `${subscriber.node} has no position in queue ${queue} (worker ${worker})`, {
    remedy: `run: pgtide init ${queue}`,
  });
}

/** Continues replication, or does nothing if a schedule does it. Called again until the subscriber has passed the tick. */
export type Drive = (goal: { queue: string; node: string; tick: bigint }) => Promise<void>;

export interface CatchUp {
  provider: Client;
  subscriber: Client;
  queue: string;
  worker: string;
  budget: Budget;
  clock: Clock;
  /** Time that must be left when the wait ends. */
  reserveMs: number;
  drive?: Drive | undefined;
}

/** Creates a tick and waits until the subscriber has passed it. Returns false if the budget ended first, or if nothing moves. */
export async function catchUp(options: CatchUp): Promise<boolean> {
  const { provider, subscriber, queue, worker, budget, clock, reserveMs, drive } = options;
  const tick = await makeTick(provider, queue);
  let position = await positionOf(subscriber, queue, worker);
  let movedAt = elapsedMs(clock);
  for (let pauseMs = 50; position < tick; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    if (!budget.allows(reserveMs) || elapsedMs(clock) - movedAt > STALLED_AFTER_MS) return false;
    await drive?.({ queue, node: subscriber.node, tick });
    const now = await positionOf(subscriber, queue, worker);
    if (now > position) movedAt = elapsedMs(clock);
    position = now;
    if (position < tick) await pause(pauseMs);
  }
  return true;
}
