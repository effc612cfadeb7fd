/** A function that fails throws one error to Lambda: with kind, message and remedy, and without a cause or a secret. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../../lib/config/config.ts';
import { PgtideError, policyOf } from '../../../lib/errors.ts';
import { onDemandHandler } from '../../../lib/runtime/on-demand-handler.ts';
import { scheduledHandler } from '../../../lib/runtime/scheduled-handler.ts';
import { type LambdaHandler, stack } from '../../../lib/runtime/stack.ts';
import { lambdaContext } from '../../support/consumer.ts';
import { allOf } from '../../support/leaks.ts';
import { NEVER_RUN, world } from '../../support/unit-runs.ts';

/** The failure (`FunctionError`) that Lambda returns to the caller when a handler throws. */
async function failurePayload(
  answer: Promise<unknown>,
): Promise<{ errorType: string; errorMessage: string }> {
  const error = await answer.then(
    (result) => Promise.reject(new Error(`the invocation succeeded: ${JSON.stringify(result)}`)),
    (thrown: Error) => thrown,
  );
  return { errorType: error.name, errorMessage: error.message };
}

test("a function on demand fails with its unit's error: kind, message and remedy, logged once", async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'resync',
    environment,
    input: z.strictObject({}),
    unit: () => Promise.reject(new PgtideError('not-found', 'no table', { remedy: 'add it' })),
  });
  expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
    errorType: 'pgtide.not-found',
    errorMessage: 'no table\n  → add it',
  });
  expect(lines).toHaveLength(1);
});

test('a function on demand fails after any error, also after a transient one', async () => {
  const { environment } = await world();
  for (const kind of Object.keys(policyOf) as PgtideError['kind'][]) {
    const unit = () => Promise.reject(new PgtideError(kind, 'no'));
    const handler = onDemandHandler({ name: 'resync', environment, input: z.strictObject({}), unit });
    expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
      errorType: `pgtide.${kind}`,
      errorMessage: 'no',
    });
  }
  const broken = { ...environment, config: () => parseConfig('nodes: 1') };
  const handler = onDemandHandler({
    name: 'status',
    environment: broken,
    input: z.strictObject({}),
    unit: NEVER_RUN,
  });
  expect(await failurePayload(handler({}, lambdaContext()))).toMatchObject({
    errorType: 'pgtide.input',
    errorMessage: expect.stringMatching(/nodes: 1 must be of type[\s\S]*\n {2}→ correct pgtide.yml/),
  });
});

test('a scheduled function that fails throws kind, message and remedy, too', async () => {
  const { environment } = await world();
  const unit = () => Promise.reject(new PgtideError('privilege', 'no right', { remedy: 'grant it' }));
  const handler = scheduledHandler({ name: 'tick', environment, unit });
  expect(await failurePayload(handler({ queue: 'shop' }, lambdaContext()))).toEqual({
    errorType: 'pgtide.privilege',
    errorMessage: 'no right\n  → grant it',
  });
});

test('an invalid configuration fails the run with all of its problems', async () => {
  const { environment } = await world();
  const broken = { ...environment, config: () => parseConfig('nodes: 1') };
  const handler = scheduledHandler({ name: 'tick', environment: broken, unit: NEVER_RUN });
  await expect(handler({}, lambdaContext())).rejects.toThrow(/nodes: 1 must be of type/);
});

test('an error that a function throws to Lambda contains no cause, no other error and no secret', async () => {
  const { environment } = await world();
  const server = Object.assign(new Error('duplicate key: (hunter2)'), {
    severity: 'ERROR',
    code: '23505',
    detail: 'Key (email)=(hunter2) already exists.',
    where: 'COPY t, line 1: "hunter2"',
    file: 'nbtinsert.c',
    routine: '_bt_check_unique',
    schema: 'public',
    table: 't',
  });
  const thrown = [
    new PgtideError('privilege', 'postgres://app:hunter2@h/d', { cause: server }),
    server,
    new AggregateError([server], 'hunter2'),
    Object.assign(new TypeError('Invalid URL hunter2'), { input: 'postgres://u:hunter2@h' }),
    'hunter2',
  ];
  for (const error of thrown) {
    const unit = () => Promise.reject(error);
    const scheduled = scheduledHandler({ name: 'tick', environment, unit });
    const outside = stack({
      unit: 'tick',
      event: z.unknown(),
      mostMs: 1000,
      environment,
      work: unit,
      failed: () => {
        throw error;
      },
    });
    for (const handler of [scheduled, outside] as LambdaHandler<unknown>[]) {
      const reason: unknown = await handler({}, lambdaContext()).catch((caught: unknown) => caught);
      expect(allOf(reason)).not.toContain('hunter2');
      expect(reason).not.toHaveProperty('originalError');
      expect(reason).not.toHaveProperty('cause');
    }
  }
});
