/** status reports whatever keeps a consumer of a replicated queue from its events, as it does for replay. */
import { expect, test } from 'vitest';
import { createConsumer, NotNow } from '../../lib/consumer/consumer-api.ts';
import { PgtideError } from '../../lib/errors.ts';
import { install } from '../../lib/units/install.ts';
import { lambdaContext } from '../support/consumer.ts';
import { createDatabase, postgres } from '../support/database.ts';
import { insertEvents, tickNow } from '../support/queue.ts';
import { type Schedule, schedule } from '../support/scheduled.ts';
import { cascade } from '../support/unit-context.ts';

const failing = async (shop: Schedule) =>
  (await shop.status()).queues
    .flatMap(({ nodes }) => nodes.flatMap(({ problems }) => problems))
    .filter(({ code }) => code === 'runs-failing')
    .map(({ message, remedy }) => ({ message, remedy }));

test('status names the consumer, what happened last and what to do, until a run succeeds', async () => {
  const members = {
    old: await createDatabase(await postgres(15)),
    new: await createDatabase(await postgres(15)),
  };
  const shop = await schedule({
    nodes: Object.fromEntries(Object.entries(members).map(([name, { url }]) => [name, { url }])),
    queues: { shop: { root: 'old', leaves: ['new'] } },
  });
  await install(cascade('shop', members).context('old'), {});
  let happens: (() => void) | undefined;
  const run = createConsumer({
    queue: 'shop',
    consumer: 'mailer',
    environment: shop.environment,
    onEvent: () => happens?.(),
  });
  await run({}, lambdaContext());
  expect(await failing(shop)).toEqual([]);

  await members.old.client(async (client) => {
    await insertEvents(client, 'shop', ['a letter']);
    await tickNow(client, 'shop');
  });
  happens = () => {
    throw new NotNow('the post office is closed');
  };
  for (let nr = 1; nr <= 2; nr++) await run({}, lambdaContext());
  expect(await failing(shop), 'it may pass by itself').toEqual([]);
  await expect(run({}, lambdaContext())).rejects.toThrow(PgtideError);
  expect(await failing(shop)).toEqual([
    {
      message: expect.stringMatching(
        /^the consumer mailer of shop on old: 3 runs in a row got nothing done \(since .*\): the handler is not ready: the post office is closed$/,
      ),
      remedy: 'bring back what it waits for; the next run begins with the same event',
    },
  ]);

  happens = undefined;
  expect((await run({}, lambdaContext())).outcome).toBe('applied');
  expect(await failing(shop)).toEqual([]);
});
