/**
 * The proof in lib/copy/merge-state.ts, as a model: one table in two chunks, transactions that write to it, runs of copy and replay
 * that interleave, crash and run twice. Whatever the schedule, the subscriber ends equal to the provider, each effect once. And
 * each guard is needed: without it some schedule loses or doubles an effect. Long schedules are tried at random. Short ones are all
 * tried, and each state to which they lead once.
 */
import { describe, expect, inject, it } from 'vitest';
import { all, type Guards } from './merge-state-guards.ts';
import { search, searchAll } from './merge-state-schedules.ts';

describe('the rules of copy beside replay', () => {
  it('lose nothing and double nothing, in 200,000 random schedules with crashes and duplicate runs', () => {
    const schedules = 200_000 * Number(process.env.PGTIDE_RUNS ?? 1);
    expect(search(all, schedules, inject('seed'))).toBeNull();
  });

  const depth = Number(process.env.PGTIDE_RUNS ?? 1) > 1 ? 11 : 9;
  it(`lose nothing and double nothing in any schedule of up to ${depth} moves, however it is ended`, {
    timeout: 600_000,
  }, () => {
    const { wrong, states } = searchAll(all, depth);
    expect(wrong).toBeNull();
    expect(states, 'that the moves lead somewhere').toBeGreaterThan(50_000);
  });

  it.each([
    ['parking', /after 8 moves: lost/],
    ['snapshotFilter', /after 1 moves: doubled/],
    ['attemptCheck', /after 3 moves: doubled/],
    ['batchBeforeStates', /after 8 moves: lost/],
    ['announceBeforeSnapshot', /after 8 moves: lost/],
  ] satisfies [keyof Guards, RegExp][])(
    'need the guard %s also in schedules of up to 9 moves',
    (guard, loss) => {
      expect(searchAll({ ...all, [guard]: false }, 9).wrong).toMatch(loss);
    },
  );

  it.each([
    ['parking', /lost/],
    ['snapshotFilter', /doubled/],
    ['attemptCheck', /lost|doubled/],
    ['generationCheck', /lost|doubled|mixed/],
    ['batchBeforeStates', /lost/],
    ['announceBeforeSnapshot', /lost/],
    ['passAllSnapshots', /doubled/],
  ] satisfies [keyof Guards, RegExp][])('need the guard %s', (guard, loss) => {
    expect(search({ ...all, [guard]: false }, 50_000, 1)).toMatch(loss);
  });
});
