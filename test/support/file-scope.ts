/**
 * Resources that a test file opens for its whole duration, and their end. This is a setup file, so its hook runs after the
 * file's own.
 */
import type { Suite } from '@vitest/runner';
import { afterAll } from 'vitest';

type Ending = (failed: boolean) => Promise<void>;

const endings: Ending[] = [];

/** Registers what to do when the test file has ended; the last registered goes first. */
export function onFileEnd(ending: Ending): void {
  endings.push(ending);
}

function hasFailed(suite: Readonly<Suite>): boolean {
  if (suite.result?.state === 'fail' || (suite.result?.errors?.length ?? 0) > 0) return true;
  return suite.tasks.some((task) =>
    task.type === 'suite' ? hasFailed(task) : task.result?.state === 'fail',
  );
}

// biome-ignore lint/correctness/noEmptyPattern: Vitest reads the wanted fixtures out of the first parameter's pattern
afterAll(async ({}, suite) => {
  const failed = hasFailed(suite);
  const errors: unknown[] = [];
  for (const ending of endings.splice(0).reverse()) {
    await ending(failed).catch((error: unknown) => errors.push(error));
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('\n'));
});
