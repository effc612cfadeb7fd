import { expect, it } from 'vitest';
import { ALONE, expectedMs, GIVE_UP, limitAfterSlice } from '../../../lib/replay/attempt.ts';
import type { SliceLimit } from '../../../lib/replay/replay-work.ts';

const limit = (events: number, failedAlone = 0): SliceLimit => ({ events, failedAlone });
const quick = { events: 100, complete: false, part: 0.1, maxEvents: 1000 };

it.each<[string, SliceLimit | null, Partial<typeof quick>, SliceLimit | null]>([
  ['without a limit there is none', null, {}, null],
  ['after a quick slice, twice as many', limit(100), {}, limit(200)],
  ['after a slower slice, a few more', limit(100), { part: 0.6 }, limit(105)],
  ['after a slow slice, as many', limit(100), { part: 0.9 }, limit(100)],
  ['after a slower event alone, two', limit(ALONE), { events: 1, part: 0.6 }, limit(2)],
  ['after a quick event alone, two', limit(ALONE, 2), { events: 1 }, limit(2)],
  ['after a slow event alone, the next one alone', limit(ALONE, 2), { events: 1, part: 0.9 }, limit(ALONE)],
  ['after an event that was given up, a few', limit(GIVE_UP), { events: 1 }, limit(10)],
  ['as many as a slice may hold: no limit', limit(500), { events: 500 }, null],
  ['at the end of the batch, no limit', limit(100), { complete: true, part: 0.9 }, null],
  ['after a slice that held few of its events, as many', limit(100), { events: 1 }, limit(100)],
])('the limit of the next slice: %s', (_, before, applied, after) => {
  expect(limitAfterSlice(before, { ...quick, ...applied })).toEqual(after);
});

it('the expected time of a slice is that of its events, if the last one was nearly full', () => {
  expect(expectedMs(1000, 100, limit(100), limit(200))).toBe(2000);
  expect(expectedMs(1000, 1, limit(100), limit(100))).toBe(1000);
});
