import { PgtideError } from '../../lib/errors.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { CrashShop } from './crash-shop.ts';
import { until } from './until.ts';

/** A hook that acts once, in the n-th gap of a name. `met` shows that it did. */
export function inGap(step: string, act: () => Promise<unknown>, nth = 1) {
  let count = 0;
  const hook = {
    met: false,
    at: async (now: string) => {
      if (now !== step || ++count !== nth) return;
      hook.met = true;
      await act();
    },
  };
  return hook;
}

/** The error that a hook throws to end a run in its gap. */
export class Ended extends Error {}

export async function endsIn(
  run: (at: (step: string) => Promise<void>) => Promise<Outcome>,
  step: string,
  nth = 1,
) {
  const hook = inGap(
    step,
    () => {
      throw new Ended(`ended at ${step}`);
    },
    nth,
  );
  await run(hook.at).catch((error: unknown) => {
    if (!(error instanceof Ended)) throw error;
  });
  return hook.met;
}

/** The end of a run: the kind of its outcome, or of its error. */
export function endOf(run: Promise<Outcome>): Promise<string> {
  return run.then(
    (outcome) => outcome.kind,
    (error: unknown) => {
      if (error instanceof PgtideError) return error.kind;
      throw error;
    },
  );
}

/** Starts work beside a run that is held in a gap, and waits until the work is done or waits for a lock of that run. */
export async function asFarAsItGoes(it: CrashShop, work: Promise<unknown>): Promise<void> {
  let done = false;
  const ended = () => {
    done = true;
  };
  work.then(ended, ended);
  await it.new.superuser((client) =>
    until('done, or waiting for a lock', async () => {
      const waiting = await client.first<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return done || (waiting?.n ?? 0) > 0;
    }),
  );
}
