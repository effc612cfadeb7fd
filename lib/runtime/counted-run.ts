import type { PgtideError } from '../errors.ts';
import type { LeaseState } from '../lease/lease-store.ts';
import { leaseKey } from '../lease/lease-store.ts';
import type { RunReport } from './run-report.ts';
import { type RunRequest, runUnit } from './run-unit.ts';
import { settleTrouble } from './trouble.ts';

/** A run, and the error with which the invocation is to fail, or null (lib/runtime/trouble.ts). */
export interface CountedRun {
  report: RunReport;
  failure: PgtideError | null;
}

export function keyOf({ unitName, queue, node, consumer }: Identity): string {
  return leaseKey(unitName, queue, consumer === undefined ? node : `${node}/${consumer}`);
}

type Identity = Pick<RunRequest<undefined>, 'unitName' | 'queue' | 'node' | 'consumer'>;

/** Runs a unit and counts how it ended. `state`: what is known of earlier runs. `alone`: no other pair waits for its turn. */
export async function runCounted(
  request: RunRequest<undefined>,
  { state, alone }: { state: LeaseState | undefined; alone: boolean },
): Promise<CountedRun> {
  const report = await runUnit(request);
  const failure = await settleTrouble(report, request.leaseStore, {
    key: keyOf(request),
    trouble: state?.trouble,
    alone,
    now: request.clock.now(),
  });
  return { report, failure };
}

/** The same for the only run of an invocation. */
export async function runAlone(request: RunRequest<undefined>): Promise<CountedRun> {
  const key = keyOf(request);
  // What is wrong with the lease table, the run itself says.
  const states = await request.leaseStore?.states([key]).catch(() => undefined);
  return runCounted(request, { state: states?.get(key), alone: true });
}
