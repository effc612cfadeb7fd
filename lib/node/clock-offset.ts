import type { Clock } from '../clock.ts';
import type { Client } from '../db/client.ts';

/** Clocks that differ by less than this count as equal. Leases, epochs and ages all tolerate such a difference. */
const MIN_TOLERANCE_MS = 60_000;

/** Returns the allowed difference between two clocks, by the configuration's `lease.skewSeconds`. */
export function clockToleranceMs(skewSeconds: number): number {
  return Math.max(MIN_TOLERANCE_MS, skewSeconds * 1000);
}

/** Returns the milliseconds by which this machine's clock is ahead of a node's, exact to half a round trip. */
export async function aheadOf(client: Client, clock: Clock): Promise<number> {
  const before = clock.now();
  const row = await client.first<{ now: number }>(
    'select extract(epoch from pg_catalog.clock_timestamp())::float8 * 1000 as now',
  );
  const after = clock.now();
  return (before + after) / 2 - (row?.now ?? after);
}
