/** A clock that moves only by `advance`. Without a start it begins at 2027-01-15 08:00 UTC. */
export function handClock(start = 1_800_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}
