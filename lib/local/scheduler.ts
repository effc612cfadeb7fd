/**
 * The local scheduler: calls each job again and again, as EventBridge does in the cloud. Jobs run concurrently. No
 * job overlaps itself, and one that took longer than its period is due at once.
 */
import { PgtideError, policyOf } from '../errors.ts';
import { pause } from '../pause.ts';

export interface Job {
  /** Names the job in messages, such as `replay shop/new`. */
  readonly name: string;
  readonly everyMs: number;
  /** Other jobs are useful without this one, so its failures never end them. */
  readonly optional?: boolean;
  run(): Promise<void>;
}

export interface SchedulerOptions {
  /** Ends every loop after the run that it is in. */
  stopping: AbortSignal;
  /** Called once for each new reason why a job's run failed; the job's next run tries again. */
  onTrouble: (job: Job, error: Error) => void;
}

/** Runs the jobs until asked to stop. Throws an error that only an operator can fix, once all loops have ended. */
export async function runJobs(jobs: readonly Job[], options: SchedulerOptions): Promise<void> {
  const failed = new AbortController();
  const stopping = AbortSignal.any([options.stopping, failed.signal]);
  const loops = jobs.map(async (job) => {
    try {
      await repeat(job, { ...options, stopping });
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  const ends = await Promise.allSettled(loops);
  const first = ends.find((end) => end.status === 'rejected');
  if (first) throw first.reason;
}

async function repeat(job: Job, options: SchedulerOptions): Promise<void> {
  let lastTrouble: string | undefined;
  while (!options.stopping.aborted) {
    const due = performance.now() + job.everyMs;
    try {
      await job.run();
      lastTrouble = undefined;
    } catch (error) {
      if (!(error instanceof Error) || !(job.optional || mendsItself(error))) throw error;
      if (error.message !== lastTrouble) options.onTrouble(job, error);
      lastTrouble = error.message;
    }
    await pause(due - performance.now(), options.stopping);
  }
}

function mendsItself(error: Error): boolean {
  return error instanceof PgtideError ? policyOf[error.kind] === 'next-run' : true;
}
