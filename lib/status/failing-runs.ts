/**
 * Scheduled runs that make no progress, as stored in the lease table (lib/runtime/trouble.ts). Status reads a database's problems
 * from that database. This module reports problems that no database can report: it is not reachable, or the error was unexpected.
 */
import type { FailingRuns } from '../unit-context/context.ts';
import type { Problem } from './found-problem.ts';

/** Returns the problems of the runs for one node. A failure that may be temporary is shown once its pair is skipped. */
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
