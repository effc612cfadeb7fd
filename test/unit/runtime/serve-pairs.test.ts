/** Every pair gets its turn, and enough time for its work: pairs that are slow, or whose server does not answer, hold up no other. */
import { expect, test } from 'vitest';
import { PgtideError } from '../../../lib/errors.ts';
import { shareOf } from '../../../lib/runtime/serve-pairs.ts';
import type { Unit, UnitContext } from '../../../lib/unit-context/context.ts';
import { failuresIn, gone, idle, world } from '../../support/unreachable-shop.ts';

const MINUTE_MS = 60_000;

/** A unit that takes this long for each pair, and the pairs that it has served. */
function taking(clock: { advance(ms: number): void }, ms: number) {
  const served: string[] = [];
  const unit: Unit = async ({ queue }: UnitContext) => {
    served.push(queue);
    clock.advance(ms);
    return { kind: 'idle' };
  };
  return { unit, served };
}

test('if a run does not reach all pairs, the next run begins where it stopped', async () => {
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

test('the pair at which a run has died is not first in all later runs', async () => {
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

test('units without a lease begin at every pair in turn, also if they run every five minutes', async () => {
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

test('a pair with much to do gets the time that the others do not need, after they were served', async () => {
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

/** Forty pairs: all but one have nothing to do, and that one needs this much time to begin its next piece of work. */
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
  'the only busy one of forty pairs, in place %i, has time for its work in one run',
  async (place) => {
    const { shop, unit, had } = await oneBusyOf40(place, 3_000);
    expect(
      Object.values(await shop.invoke('replay', { unit })).filter((end) => end === 'applied'),
    ).toHaveLength(1);
    expect(had).toHaveLength(1);
  },
);

test('work that needs more than its share gets the rest of the run, and is counted once', async () => {
  const { shop, unit, had, lines } = await oneBusyOf40(0, 30_000);
  for (let run = 0; run < 4; run++) await shop.invoke('replay', { unit });
  // It was served last, and so has all that the others leave from then on.
  expect(lines().map(({ outcome }) => outcome)).toEqual(['out-of-budget', ...Array(4).fill('applied')]);
  expect(had[1]).toBeGreaterThan(40_000);
  expect((await shop.leaseStore.states(['replay/q0/leaf'])).get('replay/q0/leaf')?.trouble).toBeUndefined();
});

test('an event that takes longer than its share is tried again in the rest of the run', async () => {
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

test('no pair gets a share that is too small for its work: the next run begins with it instead', async () => {
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

test('shares never exceed the time of the run, however many pairs hang', () => {
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

test('a server that does not answer is skipped for a while, except by a run for its pair alone', async () => {
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

test('a pair that works is not skipped, and neither is one whose connection is refused at once', async () => {
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
