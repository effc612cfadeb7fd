import { type Clock, elapsedMs } from './clock.ts';

/** The time that one run may spend. Units check it before they start another piece of work. */
export class Budget {
  readonly #clock: Clock;
  readonly #deadline: number;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#deadline = elapsedMs(clock) + milliseconds;
  }

  remainingMs(): number {
    return Math.max(0, this.#deadline - elapsedMs(this.#clock));
  }

  /** Returns true while a piece of work that may take `needMs` can still be begun. */
  allows(needMs: number): boolean {
    return this.remainingMs() >= needMs;
  }
}
