/**
 * Handling of an epoch that the subscriber has refused, see lib/lease/lease-store.ts. While the run holds the lease, a refusal
 * means only that clocks differ, and the run continues with an epoch that the subscriber computes.
 */
import type { Clock } from '../clock.ts';
import { hasState } from '../db/sqlstate.ts';
import { PgtideError, RUNS_IN_A_ROW } from '../errors.ts';
import { aheadOf, clockToleranceMs } from '../node/clock-offset.ts';
import type { Replay } from './replay-work.ts';

export interface Fence {
  clock: Clock;
  restamp?: ((epoch: bigint) => Promise<boolean>) | undefined;
}

/** SQLSTATEs: the epoch is below the highest epoch, or beyond the subscriber's clock. */
const TOO_LOW = 'TD006';
const TOO_HIGH = 'TD012';
/** More attempts than alternating refusals of the runs of two lease stores can need. */
const ATTEMPTS = 3;

/** Gives `work` an epoch with which it can be retried after `error`; false if the error remains. Nothing was written before the error. */
export async function settleEpoch(work: Replay, error: unknown, { clock, restamp }: Fence): Promise<boolean> {
  const tooHigh = hasState(error, TOO_HIGH);
  if (!tooHigh && !hasState(error, TOO_LOW)) return false;
  if (tooHigh) await refuseFastClock(work, clock, error instanceof PgtideError ? error.cause : error);
  work.refusals = (work.refusals ?? 0) + 1;
  if (!restamp || work.refusals > ATTEMPTS) return false;
  const row = await work.subscriber.first<{ epoch: bigint }>(
    'select pgtide.next_epoch($1, $2, $3) as epoch',
    [work.queue, work.consumer, work.skewMs],
  );
  if (row === undefined || !(await restamp(row.epoch))) return false;
  work.epoch = row.epoch;
  return true;
}

/** Returns whether the cause is this machine's fast clock. Such an error is not a state of the queue. */
export function isOfFastClock(error: unknown): boolean {
  return hasState(error, TOO_HIGH);
}

/** Of three clocks, the one that neither of the other two confirms is wrong. The run ends only if that is this machine's clock. */
async function refuseFastClock(
  { subscriber, provider, skewMs = 0 }: Replay,
  clock: Clock,
  cause: unknown,
): Promise<void> {
  const tolerance = clockToleranceMs(skewMs / 1000);
  const ahead = await aheadOf(subscriber, clock);
  if (ahead <= tolerance || (await aheadOf(provider, clock)) <= tolerance) return;
  throw new PgtideError(
    'state',
    `the clock of this machine is ${Math.round(ahead / 1000)} s ahead of that of ${subscriber.node}; nothing was applied`,
    {
      remedy: `set this machine's clock; if it is right, those of ${subscriber.node} and ${provider.node} are wrong`,
      cause,
    },
  );
}

/** Returns the error that a fenced run ends with. Once or twice in a row it is a takeover; more often, something is wrong. */
export async function fencedError(
  { subscriber, queue, consumer }: Replay,
  error: PgtideError,
): Promise<PgtideError> {
  const row = await subscriber
    .first<{ count: number }>('select pgtide.note_refusal($1, $2) as count', [queue, consumer])
    .catch(() => undefined);
  const count = row?.count ?? 0;
  if (count < RUNS_IN_A_ROW) return error;
  return new PgtideError('state', `${error.message}; ${count} runs in a row have ended so`, {
    remedy:
      'check that one lease table serves all runs of this queue, and that the clocks of the machines that run it are right; ' +
      `pgtide status ${queue} compares them`,
    cause: error.cause,
  });
}
