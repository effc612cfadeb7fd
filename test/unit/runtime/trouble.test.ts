/**
 * Runs that get nothing done are counted in the lease table: what was not foreseen, and what repeats, fails the invocation and is in
 * status; and no pair is always the one that a run does not come to.
 */
import { expect, test } from 'vitest';
import { createConsumer } from '../../../lib/consumer/consumer-api.ts';
import { PgtideError } from '../../../lib/errors.ts';
import type { Outcome } from '../../../lib/outcome.ts';
import { shareOf } from '../../../lib/runtime/serve-pairs.ts';
import type { Unit, UnitContext } from '../../../lib/unit-context/context.ts';
import { lambdaContext } from '../../support/consumer.ts';
import { type Schedule, schedule } from '../../support/scheduled.ts';

const MINUTE_MS = 60_000;
/** Nothing listens there. */
const url = (database: string) => `postgres://app@127.0.0.1:9/${database}`;

function handClock(start = 1_800_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

/** One queue with one leaf, or `queues` of them, each with a root of its own. */
async function world(queues = 1) {
  const clock = handClock();
  const all = Array.from({ length: queues }, (_, nr) => `q${nr}`);
  const shop = await schedule(
    {
      nodes: Object.fromEntries([
        ['leaf', { url: url('leaf') }],
        ...all.map((name) => [`root-${name}`, { url: url(name) }]),
      ]),
      queues: Object.fromEntries(all.map((name) => [name, { root: `root-${name}`, leaves: ['leaf'] }])),
    },
    { clock },
  );
  return { clock, shop };
}

const failing =
  (error: Error): Unit =>
  () =>
    Promise.reject(error);
const ending =
  (outcome: Outcome, counts: Record<string, number> = {}): Unit =>
  async (context) => {
    for (const [name, by] of Object.entries(counts)) context.count(name, by);
    return outcome;
  };
const idle = ending({ kind: 'idle' });
const gone = new PgtideError('connection', 'the server is gone', { remedy: 'check that it runs' });

/** How so many invocations of one function ended: its outcome, or the kind of the error that it failed with. */
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

/** What status says of failing runs; the nodes themselves are out of reach here. */
const failuresIn = async (shop: Schedule) =>
  (await shop.status('q0')).queues
    .flatMap(({ nodes }) => nodes.flatMap((node) => node.problems))
    .filter(({ code }) => code.startsWith('runs-'));

test('an error that was not foreseen fails the invocation at once, and is in status until a run succeeds', async () => {
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

test('an error that may pass by itself fails the third invocation in a row, whatever words it has', async () => {
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

test('running out of time is a failure where nothing was done, and where it repeats', async () => {
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

test('waiting for a state, and for who has the lease, is no failure', async () => {
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

test('a failure that cannot be kept fails the invocation, and a success that cannot be does not', async () => {
  const { shop } = await world();
  shop.leaseStore.note = () => Promise.reject(new PgtideError('connection', 'no table'));
  shop.leaseStore.states = () => Promise.reject(new PgtideError('connection', 'no table'));
  expect(await endings(shop, 'tick', [failing(gone), idle])).toEqual([
    'connection: the server is gone; it could not be counted: no table',
    'idle',
  ]);
});

test('without its lease table a function of several pairs fails: nothing counts that', async () => {
  const { shop } = await world(2);
  shop.leaseStore.states = () => Promise.reject(new PgtideError('connection', 'no table'));
  expect(await endings(shop, 'replay', [idle])).toEqual(['connection: no table']);
  expect(await endings(shop, 'tick', [idle])).toEqual(['idle,idle']);
});

test('a failure whose predecessors cannot be read fails the invocation: it is not the first one', async () => {
  const { shop } = await world();
  shop.leaseStore.states = () => Promise.reject(new PgtideError('busy', 'no capacity'));
  const uncounted = 'connection: the server is gone; it could not be counted: no capacity';
  for (const name of ['tick', 'replay'] as const)
    expect(await endings(shop, name, [failing(gone), idle])).toEqual([uncounted, 'idle']);
  expect(shop.lines.at(-1)).toMatchObject({ outcome: 'idle', statesError: 'no capacity' });
});

test('a lease table that waits for an operator fails the invocation, after all were served', async () => {
  const { shop } = await world(2);
  shop.leaseStore.states = () => Promise.reject(new PgtideError('privilege', 'no BatchGetItem'));
  expect(await endings(shop, 'tick', [idle])).toEqual(['privilege: no BatchGetItem']);
  expect(shop.lines.map(({ outcome }) => outcome).slice(0, 2)).toEqual(['idle', 'idle']);
  const { environment } = shop;
  const consumer = { queue: 'q0', consumer: 'mailer', environment, onEvent: () => undefined };
  await expect(createConsumer(consumer)({}, lambdaContext())).rejects.toThrow('could not be counted');
});

test('what keeps a consumer from its events is counted as well', async () => {
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

/** A unit that takes so long for each pair, and which pairs it came to. */
function taking(clock: { advance(ms: number): void }, ms: number) {
  const served: string[] = [];
  const unit: Unit = async ({ queue }: UnitContext) => {
    served.push(queue);
    clock.advance(ms);
    return { kind: 'idle' };
  };
  return { unit, served };
}

test('where a run does not come to all pairs, the next one begins where it stopped', async () => {
  for (const name of ['tick', 'replay'] as const) {
    const { shop, clock } = await world(7);
    const { unit, served } = taking(clock, 20_000);
    for (let run = 0; run < 7; run++) {
      await shop.invoke(name, { unit });
      clock.advance(MINUTE_MS);
    }
    // Three a run.
    expect(served).toHaveLength(21);
    for (const start of [0, 7, 14]) expect(new Set(served.slice(start, start + 7)).size).toBe(7);
  }
});

test('a run that dies leaves no turn behind: its pair is not first for ever', async () => {
  const { shop, clock } = await world(4);
  await shop.leaseStore.note?.('turn/tick/', { next: 'q3/root-q3' });
  const first: string[] = [];
  const unit: Unit = ({ queue }) => {
    first.push(queue);
    return new Promise(() => undefined);
  };
  for (let run = 0; run < 9; run++) {
    void shop.invoke('tick', { unit });
    await expect.poll(() => first.length).toBe(run + 1);
    clock.advance(MINUTE_MS);
  }
  expect(first[0]).toBe('q3');
  expect(new Set(first.slice(1)).size).toBe(4);
});

test('units without a lease begin at every pair, also where they run every five minutes', async () => {
  const { shop, clock } = await world(10);
  const begun = new Set<string | undefined>();
  for (let run = 0; run < 20; run++) {
    const { unit, served } = taking(clock, 1);
    await shop.invoke('maintain', { unit });
    begun.add(served[0]);
    clock.advance(5 * MINUTE_MS);
  }
  expect(begun.size).toBe(10);
});

test('a pair with much to do has what the others do not need, after they were served', async () => {
  const { shop, clock } = await world(3);
  const seen: string[] = [];
  const unit: Unit = async (context) => {
    if (context.queue !== 'q0') {
      seen.push(context.queue);
      return { kind: 'idle' };
    }
    clock.advance(context.budget.remainingMs() + 1_000);
    context.count('slices', 1);
    seen.push('q0');
    return { kind: 'out-of-budget' };
  };
  await shop.invoke('replay', { unit });
  expect(new Set(seen)).toEqual(new Set(['q0', 'q1', 'q2']));
  expect(seen.filter((queue) => queue !== 'q0')).toHaveLength(2);
  expect(seen.filter((queue) => queue === 'q0').length).toBeGreaterThanOrEqual(1);
});

/** Forty pairs: all but one have nothing to do, and that one needs so much of a run to begin its next piece of work. */
async function oneBusyOf40(place: number, needMs: number, error?: PgtideError) {
  const { shop, clock } = await world(40);
  const had: number[] = [];
  const unit: Unit = async ({ queue, budget, count, wholeMs = 0 }) => {
    clock.advance(50);
    if (queue !== `q${place}`) return { kind: 'idle' };
    had.push(budget.remainingMs());
    if (budget.allows(needMs)) {
      clock.advance(needMs);
      count('slices', 1);
      return { kind: 'applied' };
    }
    if (!error) return { kind: 'out-of-budget' };
    count('timeouts', 1);
    expect(wholeMs).toBeGreaterThan(25_000);
    throw error;
  };
  return { shop, unit, had, lines: () => shop.lines.filter(({ queue }) => queue === `q${place}`) };
}

test.each([0, 20, 39])(
  'of forty pairs the busy one, in place %i, has time for its work in one run',
  async (place) => {
    const { shop, unit, had } = await oneBusyOf40(place, 3_000);
    expect(
      Object.values(await shop.invoke('replay', { unit })).filter((end) => end === 'applied'),
    ).toHaveLength(1);
    expect(had).toHaveLength(1);
  },
);

test('work that needs more than a share has the rest of the run, and is counted once', async () => {
  const { shop, unit, had, lines } = await oneBusyOf40(0, 30_000);
  for (let run = 0; run < 4; run++) await shop.invoke('replay', { unit });
  // It was served last, and so has all that the others leave from then on.
  expect(lines().map(({ outcome }) => outcome)).toEqual(['out-of-budget', ...Array(4).fill('applied')]);
  expect(had[1]).toBeGreaterThan(40_000);
  expect((await shop.leaseStore.states(['replay/q0/leaf'])).get('replay/q0/leaf')?.trouble).toBeUndefined();
});

test('an event that takes too long in a share is tried again with the rest of the run', async () => {
  const slow = new PgtideError('busy', 'canceling statement due to statement timeout');
  const { shop, unit, had } = await oneBusyOf40(0, 40_000, slow);
  expect(await shop.invoke('replay', { unit })).toMatchObject({ 'q0/leaf': 'applied' });
  expect(had).toHaveLength(2);
  const hopeless = await oneBusyOf40(0, 60_000, slow);
  const key = 'replay/q0/leaf';
  for (const runs of [1, 2]) {
    await hopeless.shop.invoke('replay', { unit: hopeless.unit });
    expect((await hopeless.shop.leaseStore.states([key])).get(key)?.trouble).toMatchObject({ runs });
  }
});

test('no pair is given a share that is too small for its work; the next run begins with it', async () => {
  const { shop, clock } = await world(12);
  const served: string[] = [];
  const shares: number[] = [];
  const unit: Unit = async ({ queue, budget, count }) => {
    served.push(queue);
    shares.push(budget.remainingMs());
    clock.advance(budget.remainingMs());
    count('slices', 1);
    return { kind: 'out-of-budget' };
  };
  for (let run = 0; run < 6; run++) {
    await shop.invoke('replay', { unit });
    clock.advance(MINUTE_MS);
  }
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(5_000);
  expect(new Set(served).size).toBe(12);
});

test('shares add up to the time there is, however many pairs hang', () => {
  for (const pairs of [1, 2, 12, 27, 100]) {
    let left = 55_000;
    for (let waiting = pairs - 1; waiting >= 0; waiting--) {
      const { budgetMs, silenceMs } = shareOf(left, waiting);
      expect(budgetMs).toBeGreaterThan(0);
      left -= budgetMs + silenceMs;
    }
    expect(left).toBeGreaterThanOrEqual(0);
  }
});

test('a server that does not answer is left out for a while, but not where its pair is the only one', async () => {
  const { shop, clock } = await world(2);
  const hangs: Unit = async ({ queue, node, connect }) => {
    if (queue === 'q1') return { kind: 'idle' };
    const connecting = connect(node, async () => undefined);
    clock.advance(3_000);
    await connecting.catch((error: Error) => {
      throw Object.assign(error, { message: gone.message });
    });
    return { kind: 'idle' };
  };
  const minutes: string[] = [];
  for (let minute = 0; minute < 12; minute++) {
    minutes.push(
      await shop.invoke('tick', { unit: hangs }).then(
        (runs) => runs['q0/root-q0'] ?? '',
        () => 'failed',
      ),
    );
    clock.advance(MINUTE_MS - 3_000);
  }
  const skipped = 'waiting-for';
  expect(minutes.slice(0, 6)).toEqual(['error', skipped, 'error', skipped, skipped, 'failed']);
  expect(minutes.filter((outcome) => outcome === skipped).length).toBeGreaterThanOrEqual(6);
  expect(await failuresIn(shop)).toMatchObject([
    { code: 'runs-failing', message: expect.stringMatching(/^tick of q0 on root-q0: .*the server is gone/) },
  ]);
  const only = { unit: hangs, event: { queue: 'q0' } };
  await expect(shop.invoke('tick', only)).rejects.toThrow('the server is gone');
  expect(await shop.invoke('tick', { unit: idle })).toMatchObject({ 'q0/root-q0': 'idle' });
  expect(await failuresIn(shop)).toEqual([]);
});

test('a pair that works is not left out, and neither is one whose connection is refused at once', async () => {
  const { shop, clock } = await world(3);
  /** Works for three seconds, and loses its connection for good. */
  const works: Unit = async ({ queue, node, connect, count }) => {
    if (queue === 'q2') return { kind: 'idle' };
    clock.advance(3_000);
    if (queue === 'q0') count('slices', 1);
    const connecting = connect(node, async () => undefined);
    if (queue === 'q0') clock.advance(3_000);
    await connecting;
    return { kind: 'idle' };
  };
  for (let run = 0; run < 2; run++) {
    expect(await shop.invoke('replay', { unit: works })).toEqual({
      'q0/leaf': 'error',
      'q1/leaf': 'error',
      'q2/leaf': 'idle',
    });
    clock.advance(MINUTE_MS);
  }
});
