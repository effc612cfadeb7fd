import type { Client } from '../../lib/db/client.ts';
import type { Replay } from '../../lib/replay/replay-work.ts';
import { newWorkerName } from '../../lib/topology/local-node.ts';

/** What replay of one slice needs, for tests that call it without a unit. */
export const replayByHand = (
  provider: Client,
  subscriber: Client,
  settings: Partial<Replay> = {},
): Replay => ({
  queue: 'shop',
  consumer: newWorkerName('shop', 'new'),
  provider,
  subscriber,
  epoch: null,
  maxEvents: 100_000,
  maxBytes: 1e9,
  onConflict: 'set-aside',
  onUnknownEvent: 'set-aside',
  statementTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  at: () => undefined,
  ...settings,
});
