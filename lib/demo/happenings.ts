/** Events in the shop while it is replicated, besides the steady writes. */

import { PgtideError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { Shop } from './shop.ts';
import type { Writers } from './writers.ts';

export interface Happening {
  afterSeconds: number;
  line: string;
  run(): Promise<void>;
}

export interface Stage {
  provider: Shop;
  subscriber: Shop;
  writers: Writers;
}

/** Events while the tables are copied. */
export function duringCopy({ writers }: Stage): Happening[] {
  return [
    {
      afterSeconds: 2,
      line: 'the application runs TRUNCATE on shop.carts, in the middle of the copy',
      run: () => writers.once('select simulate.empty_carts()'),
    },
  ];
}

/**
 * Events while changes are followed. A deployment changes the subscriber first: it must know a column before rows
 * have it.
 */
export function duringFollow({ provider, subscriber, writers }: Stage): Happening[] {
  return [
    {
      afterSeconds: 2,
      line: 'a deployment adds two columns to shop.orders: first on the subscriber, then on the provider',
      async run() {
        await withRetry(() => subscriber.run('add-column'));
        await withRetry(() => provider.run('add-column'));
        await withRetry(() => provider.run('use-column'));
      },
    },
    {
      afterSeconds: 6,
      line: 'the application runs TRUNCATE on shop.carts again',
      run: () => writers.once('select simulate.empty_carts()'),
    },
  ];
}

/** Runs each at its time; ends when all are over, or when asked to stop. */
export async function play(
  happenings: readonly Happening[],
  stopping: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const start = performance.now();
  for (const happening of happenings) {
    await pause(happening.afterSeconds * 1000 - (performance.now() - start), stopping);
    if (stopping.aborted) return;
    say(happening.line);
    await happening.run();
  }
}

/** DDL and writers may refuse each other (a deadlock); a deployment then tries again. */
async function withRetry(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 10 || !(error instanceof PgtideError) || error.kind !== 'busy') throw error;
    }
  }
}
