/** compare's judgement: a row in flight is never called different, and a row that stays wrong is always found in the end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../../../lib/compare/confirm.ts';
import type { Entry } from '../../../lib/compare/entries.ts';
import { holds } from '../../support/property.ts';

const entry = (hash: string, version: string): Entry => ({ rows: 1, hash, version });

test('a row that arrived is equal, also when the provider has gone on since', () => {
  const [old, read, later] = [entry('a', '1'), entry('b', '2'), entry('c', '3')];
  expect(judge({ subscriber: old, provider: read }, { subscriber: entry('b', '9'), provider: later })).toBe(
    'equal',
  );
  expect(judge({ subscriber: old, provider: read }, { subscriber: entry('c', '9'), provider: later })).toBe(
    'equal',
  );
});

test('a row that the provider did not change, and that still differs on the subscriber, is different', () => {
  const read = entry('b', '2');
  expect(
    judge({ subscriber: entry('a', '1'), provider: read }, { subscriber: entry('a', '5'), provider: read }),
  ).toBe('different');
  expect(judge({ subscriber: undefined, provider: read }, { subscriber: undefined, provider: read })).toBe(
    'different',
  );
});

test('a row that only the subscriber has, untouched while a tick passed, is different', () => {
  const extra = entry('a', '1');
  expect(judge({ subscriber: extra, provider: undefined }, { subscriber: extra, provider: undefined })).toBe(
    'different',
  );
});

test('a row that came and went on the provider meanwhile is in flight', () => {
  const reading = { subscriber: entry('a', '1'), provider: undefined };
  expect(judge(reading, { subscriber: entry('a', '2'), provider: undefined })).toBe('in-flight');
});

/** A provider's row over time: each step writes a value, deletes the row, or does nothing. */
const history = fc.array(fc.constantFrom('a', 'b', 'c', 'delete', 'nothing'), {
  minLength: 12,
  maxLength: 40,
});

/** The row's entry after each step. Each write makes a new version. */
function entriesOf(steps: string[]): (Entry | undefined)[] {
  const entries: (Entry | undefined)[] = [undefined];
  for (const [nr, step] of steps.entries()) {
    const last = entries.at(-1);
    entries.push(step === 'nothing' ? last : step === 'delete' ? undefined : entry(step, `${nr}`));
  }
  return entries;
}

test('a subscriber that replays in order is never called different, whatever it lags', async () => {
  await holds(
    fc.property(history, fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 }), (steps, cuts) => {
      const provider = entriesOf(steps);
      // The moments s0 < p1 < s1 < p2, as steps of the provider. The subscriber shows an older step: at s1, one that is not
      // before p1's.
      const [s0 = 0, p1 = 0, s1 = 0, p2 = 0] = cuts
        .slice(0, 4)
        .map((cut) => cut % provider.length)
        .sort((x, y) => x - y);
      const shown0 = (cuts[4] ?? 0) % (s0 + 1);
      const shown1 = p1 + ((cuts[5] ?? 0) % (s1 - p1 + 1));
      const judgement = judge(
        { subscriber: provider[shown0], provider: provider[p1] },
        { subscriber: provider[shown1], provider: provider[p2] },
      );
      expect(judgement).not.toBe('different');
    }),
    5_000,
  );
});
