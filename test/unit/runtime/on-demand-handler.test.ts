/** A function on demand checks its input, works for one queue or for all, and answers in JSON. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../../lib/config/config.ts';
import { onDemandHandler } from '../../../lib/runtime/on-demand-handler.ts';
import { lambdaContext } from '../../support/consumer.ts';
import { world } from '../../support/unit-runs.ts';

test('a function on demand first validates its input, and answers in JSON', async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'resync',
    environment,
    input: z.strictObject({ tables: z.array(z.string()) }),
    unit: async ({ queue, node }, { tables }) => ({
      outcome: { kind: 'done' },
      result: { queue, node, tables, tick: 7n, far: 9_007_199_254_740_993n },
    }),
  });
  expect(await handler({ queue: 'shop', tables: ['public.a'] }, lambdaContext())).toEqual({
    outcome: 'done',
    result: { queue: 'shop', node: 'old', tables: ['public.a'], tick: 7, far: '9007199254740993' },
  });
  for (const event of [
    { queue: 'shop' },
    { queue: 'shop', tables: [1] },
    { queue: 'shop', tables: [], x: 1 },
    'text',
  ])
    await expect(handler(event, lambdaContext())).rejects.toMatchObject({ kind: 'input' });
  await expect(handler({ tables: [] }, lambdaContext())).rejects.toMatchObject({
    kind: 'input',
    remedy: 'add "queue"; configured are: shop, back',
  });
  expect(lines).toHaveLength(6);
});

test('a function whose results can be merged serves all queues if none is named', async () => {
  const { environment, lines } = await world();
  const handler = onDemandHandler({
    name: 'status',
    environment,
    input: z.strictObject({}),
    unit: async ({ queue }) => ({ outcome: { kind: 'done' }, result: [queue] }),
    merge: (results) => results.flat(),
  });
  expect(await handler({}, lambdaContext())).toEqual({ outcome: 'done', result: ['shop', 'back'] });
  expect(await handler({ queue: 'back' }, lambdaContext())).toEqual({ outcome: 'done', result: ['back'] });
  expect(lines).toHaveLength(3);
});

test('a queue whose share of the time was too short is served again at the end, in the remaining time', async () => {
  const queues = Array.from({ length: 40 }, (_, nr) => `q${nr}`);
  const of = parseConfig(
    JSON.stringify({
      nodes: Object.fromEntries(
        ['root', 'a', 'b', 'c'].map((name) => [name, { url: `postgres://app@127.0.0.1:9/${name}` }]),
      ),
      queues: Object.fromEntries(queues.map((name) => [name, { root: 'root', leaves: ['a', 'b', 'c'] }])),
    }),
  );
  const { environment, clock } = await world(of);
  const budgets: number[] = [];
  const handler = onDemandHandler({
    name: 'status',
    environment,
    input: z.strictObject({}),
    unit: async ({ queue, budget }) => {
      const inTime = queue !== 'q0' || budget.allows(3_000);
      if (queue === 'q0') budgets.push(budget.remainingMs());
      clock.advance(inTime ? 10 : budget.remainingMs());
      return { outcome: { kind: 'done' }, result: [`${queue} ${inTime}`] };
    },
    merge: (results) => results.flat(),
  });
  const { result } = await handler({}, lambdaContext());
  expect(result).toEqual(queues.map((queue) => `${queue} true`));
  expect(budgets).toHaveLength(2);
});
