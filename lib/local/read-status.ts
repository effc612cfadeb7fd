import { type StatusResult, status } from '../units/status.ts';
import type { Session } from './session.ts';

/** Returns the status of several queues as one. */
export async function readStatus(session: Session, queues: readonly string[]): Promise<StatusResult> {
  const found: StatusResult = { healthy: true, queues: [] };
  for (const queue of queues) {
    const one = await session.demand('status', status, { queue, input: {} });
    found.healthy &&= one.healthy;
    found.queues.push(...one.queues);
  }
  return found;
}
