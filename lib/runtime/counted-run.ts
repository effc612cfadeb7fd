import type { PgtideError } from '../errors.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { RunReport } from './run-report.ts';
import { type RunRequest, runUnit } from './run-unit.ts';
import { settleTrouble, unreadFailure } from './trouble.ts';

/** The report of a run, and the error with which the invocation must fail, or null (lib/runtime/trouble.ts). */
export interface CountedRun {
  report: RunReport;
  failure: PgtideError | null;
}

/** Executes the only run of an invocation, and counts how it ended. */
export async function runAlone(request: RunRequest<undefined>): Promise<CountedRun> {
  const { leaseStore, unitName, queue, node, consumer, clock } = request;
  const key = leaseKey(unitName, queue, node, consumer);
  let unread: PgtideError | undefined;
  const states = await leaseStore?.states([key]).catch((error: PgtideError) => {
    unread = error;
  });
  const report = await runUnit({ ...request, unread });
  const failure = await settleTrouble(report, leaseStore, {
    key,
    trouble: states?.get(key)?.trouble,
    alone: true,
    now: clock.now(),
    unread,
  });
  return { report, failure: failure ?? unreadFailure(unread) };
}
