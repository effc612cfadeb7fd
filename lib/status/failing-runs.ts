/**
 * Scheduled runs that get nothing done, as the lease table has them (lib/runtime/trouble.ts). What a database knows of its own
 * troubles, status reads there; this is for those that no database can tell: it is out of reach, or the error was not foreseen.
 */
import type { FailingRuns } from '../unit-context/context.ts';
import type { Problem } from './found-problem.ts';

/** What is wrong with the runs for one node; a failure that may pass by itself is shown once its pair is left out. */
export function failingRunProblems(queue: string, node: string, all: readonly FailingRuns[]): Problem[] {
  return all
    .filter((one) => one.node === node && (one.operator || one.skippedUntil !== null))
    .map(({ unit, consumer, what, remedy, runs, since, operator, skippedUntil }) => {
      const count = runs === 1 ? 'the last run' : `${runs} runs in a row`;
      const pause =
        skippedUntil === null ? '' : `; schedules leave it out until ${skippedUntil.toISOString()}`;
      return {
        code: operator ? 'runs-failing' : 'runs-skipped',
        message: `${consumer === undefined ? unit : `the consumer ${consumer}`} of ${queue} on ${node}: ${count} got nothing done (since ${since.toISOString()}): ${what}${pause}`,
        remedy,
      };
    });
}
