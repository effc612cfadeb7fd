/**
 * Durations are measured by a clock that only goes forward. Clocks that differ are attributed to the node that the others
 * do not confirm.
 */
import { expect, test } from 'vitest';
import { Budget } from '../../../lib/budget.ts';
import { elapsedMs } from '../../../lib/clock.ts';
import type { Client } from '../../../lib/db/client.ts';
import { ClockComparison } from '../../../lib/status/clocks.ts';

test.each([-86_400_000, 86_400_000])('a budget does not depend on a clock that jumps by %i ms', (jump) => {
  let wall = 1_800_000_000_000;
  let elapsed = 0;
  const clock = { now: () => wall, elapsed: () => elapsed };
  const budget = new Budget(clock, 10_000);
  wall += jump;
  elapsed += 4_000;
  expect(budget.remainingMs()).toBe(6_000);
  expect(budget.allows(6_000)).toBe(true);
  expect(elapsedMs(clock)).toBe(4_000);
  elapsed += 7_000;
  expect(budget.remainingMs()).toBe(0);
});

const NOW = 1_800_000_000_000;
const server = (node: string, ahead: number) =>
  ({ node, first: async () => ({ now: NOW + ahead }) }) as unknown as Client;

async function messages(nodes: Record<string, number>, skewSeconds = 60): Promise<Record<string, string[]>> {
  const clocks = new ClockComparison({ now: () => NOW }, { skewSeconds, nodes: Object.keys(nodes) });
  // Either node may answer first.
  for (const [node, ahead] of Object.entries(nodes).toReversed()) await clocks.note(server(node, ahead));
  return Object.fromEntries(
    [...clocks.problems()].map(([node, problems]) => [node, problems.map(({ message }) => message)]),
  );
}

test('a database whose clock is wrong is named, and others are not', async () => {
  expect(await messages({ old: 0, new: -3_600_000 })).toEqual({
    new: ['clocks differ: that of new is 3600 s behind that of old'],
  });
  expect(await messages({ old: 3_600_000, new: 500, far: -20_000 })).toMatchObject({
    new: ['clocks differ: that of new is 3600 s behind that of old'],
    far: ['clocks differ: that of far is 3620 s behind that of old'],
  });
  expect(await messages({ old: 50_000, new: 0 })).toEqual({});
  expect(await messages({ old: 200_000, new: 0 }, 600), 'within what the configuration allows').toEqual({});
  expect(await messages({})).toEqual({});
});

test('this machine is named where no database confirms it', async () => {
  expect(await messages({ old: -120_000, new: -120_000 })).toEqual({
    old: ['clocks differ: that of this machine is 120 s ahead of that of old'],
  });
});
