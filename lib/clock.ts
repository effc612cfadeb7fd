/** The time that a unit uses; tests pass their own. */
export interface Clock {
  /**
   * Milliseconds since the epoch. The clock may be wrong, jump and go back: never subtract two values to measure
   * time.
   */
  now(): number;
  /** Milliseconds since some moment; they never go back. If it is absent, `now` never goes back. */
  elapsed?(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => Math.round(performance.now()) };

/**
 * Returns the time for measuring how long something took, or may still take. Changes of the clock do not affect it.
 */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}
