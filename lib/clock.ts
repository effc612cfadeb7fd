/** Time as a unit sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. The clock may be wrong, jump and go back: never subtract two of these to measure time. */
  now(): number;
  /** Milliseconds since some moment, which only go forward. Absent: `now` is known to do that. */
  elapsed?(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => Math.round(performance.now()) };

/** For measuring: how long something took, or may still take, whatever becomes of the clock meanwhile. */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}
