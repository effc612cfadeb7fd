/**
 * Runs that get nothing done are counted in the lease table. An error that was not foreseen, and any that repeats, fails the invocation
 * and is in status until a run succeeds.
 */
import { expect, test } from 'vitest';
import { createConsumer } from '../../../lib/consumer/consumer-api.ts';
import { PgtideError } from '../../../lib/errors.ts';
import type { Unit } from '../../../lib/unit-context/context.ts';
import { lambdaContext } from '../../support/consumer.ts';
import type { Schedule } from '../../support/scheduled.ts';
import { ending, failuresIn, gone, idle, world } from '../../support/unreachable-shop.ts';

const failing =
  (error: Error): Unit =>
  () =>
    Promise.reject(error);

/** How each of these invocations of one function ends: its outcome, or the error that it fails with. */
async function endings(
  shop: Schedule,
  name: 'tick' | 'replay' | 'maintain',
  runs: Unit[],
): Promise<string[]> {
  const seen: string[] = [];
  for (const unit of runs)
    seen.push(
      await shop.invoke(name, { unit }).then(
        (ended) => Object.values(ended).join(),
        // The lines after the first have the remedy.
        (error: PgtideError) => `${error.kind}: ${error.message.split('\n')[0]}`,
      ),
    );
  return seen;
}

test('an unexpected error fails the invocation at once, and is in status until a run succeeds', async () => {
  const { shop } = await world();
  for (const name of ['tick', 'replay', 'maintain'] as const) {
    const ended = await endings(shop, name, [failing(new TypeError('x is undefined'))]);
    expect(ended).toEqual(['internal: TypeError']);
    const node = name === 'replay' ? 'leaf' : 'root-q0';
    expect(await failuresIn(shop)).toMatchObject([
      {
        code: 'runs-failing',
        message: `${name} of q0 on ${node}: the last run got nothing done (since 2027-01-15T08:00:00.000Z): TypeError`,
      },
    ]);
    await endings(shop, name, [idle]);
    expect(await failuresIn(shop)).toEqual([]);
  }
});

test('transient errors fail the third invocation in a row, also if their messages differ', async () => {
  const { shop } = await world();
  const other = new PgtideError('busy', 'a lock');
  const ended = await endings(shop, 'replay', [failing(gone), failing(other), failing(gone), failing(other)]);
  expect(ended).toEqual([
    'error',
    'error',
    'connection: the server is gone; 3 runs in a row have ended so',
    'busy: a lock; 4 runs in a row have ended so',
  ]);
  expect(await failuresIn(shop)).toMatchObject([
    { code: 'runs-failing', message: expect.stringContaining('4 runs in a row got nothing done') },
  ]);
  expect(await endings(shop, 'replay', [idle, failing(gone), failing(gone)])).toEqual([
    'idle',
    'error',
    'error',
  ]);
});

test('a run that is out of time before it has done anything counts as a failure', async () => {
  const { shop } = await world();
  const spent = { kind: 'out-of-budget' } as const;
  const stuck = await endings(shop, 'replay', [ending(spent), ending(spent), ending(spent)]);
  expect(stuck).toEqual([
    'out-of-budget',
    'out-of-budget',
    'busy: q0/leaf: the run was out of time before it had done anything; 3 runs in a row have ended so',
  ]);
  const slow = (clock: { advance(ms: number): void }): Unit => {
    const unit = ending(spent, { slices: 1 });
    return async (context) => {
      clock.advance(context.budget.remainingMs());
      return unit(context);
    };
  };
  const busy = await world();
  const works = slow(busy.clock);
  expect(await endings(busy.shop, 'replay', [works, works, works, works])).toEqual(
    Array.from({ length: 4 }, () => expect.stringMatching(/^out-of-budget/)),
  );
});

test('waiting for a state, or for another run that has the lease, is not a failure', async () => {
  const { shop, leaseStoreHeld } = await held();
  const waits = ending({ kind: 'waiting-for', what: 'an index' });
  expect(await endings(shop, 'replay', [waits, waits, waits, waits])).toEqual(Array(4).fill('waiting-for'));
  await leaseStoreHeld();
  expect(await endings(shop, 'replay', [idle, idle, idle, idle])).toEqual(Array(4).fill('lease-held'));
});

async function held() {
  const { shop } = await world();
  return { shop, leaseStoreHeld: () => shop.leaseStore.acquire('replay/q0/leaf', 'other', 3_000_000) };
}

test('a failure that cannot be stored fails the invocation; a success that cannot be stored does not', async () => {
  const { shop } = await world();
  shop.leaseStore.note = () => Promise.reject(new PgtideError('connection', 'no table'));
  shop.leaseStore.states = () => Promise.reject(new PgtideError('connection', 'no table'));
  expect(await endings(shop, 'tick', [failing(gone), idle])).toEqual([
    'connection: the server is gone; it could not be counted: no table',
    'idle',
  ]);
});

test('a function that serves several pairs fails if it needs leases and cannot read the lease table', async () => {
  const { shop } = await world(2);
  shop.leaseStore.states = () => Promise.reject(new PgtideError('connection', 'no table'));
  expect(await endings(shop, 'replay', [idle])).toEqual(['connection: no table']);
  expect(await endings(shop, 'tick', [idle])).toEqual(['idle,idle']);
});

test('a failure fails the invocation if earlier failures cannot be read', async () => {
  const { shop } = await world();
  shop.leaseStore.states = () => Promise.reject(new PgtideError('busy', 'no capacity'));
  const uncounted = 'connection: the server is gone; it could not be counted: no capacity';
  for (const name of ['tick', 'replay'] as const)
    expect(await endings(shop, name, [failing(gone), idle])).toEqual([uncounted, 'idle']);
  expect(shop.lines.at(-1)).toMatchObject({ outcome: 'idle', statesError: 'no capacity' });
});

test('a lease table that needs an operator fails the invocation, once all pairs are served', async () => {
  const { shop } = await world(2);
  shop.leaseStore.states = () => Promise.reject(new PgtideError('privilege', 'no BatchGetItem'));
  expect(await endings(shop, 'tick', [idle])).toEqual(['privilege: no BatchGetItem']);
  expect(shop.lines.map(({ outcome }) => outcome).slice(0, 2)).toEqual(['idle', 'idle']);
  const { environment } = shop;
  const consumer = { queue: 'q0', consumer: 'mailer', environment, onEvent: () => undefined };
  await expect(createConsumer(consumer)({}, lambdaContext())).rejects.toThrow('could not be counted');
});

test('runs of consumers that fail are counted, too', async () => {
  const { shop } = await world();
  const handler = createConsumer({
    queue: 'q0',
    consumer: 'mailer',
    environment: shop.environment,
    onEvent: () => undefined,
  });
  const run = () => handler({}, lambdaContext());
  expect([(await run()).outcome, (await run()).outcome]).toEqual(['error', 'error']);
  await expect(run()).rejects.toMatchObject({
    kind: 'connection',
    message: expect.stringContaining('3 runs in a row have ended so'),
  });
});
