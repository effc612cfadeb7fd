/**
 * Leases: who does which work just now. The protocol:
 *
 * **One item a piece of work.** The key is `unit/queue/node`. The item is never deleted, and no DynamoDB TTL touches it
 * (TTL deletes hours late, and would lose the epoch).
 *
 * **Acquisition.** One conditional write. It succeeds where nobody has the lease (never taken, or released), or where
 * it expired more than the skew margin ago by the taker's clock. It writes the owner, the end of the lease, and a new
 * epoch. Owners are unique per run: a write whose answer was lost, and that is tried again, finds itself as owner.
 *
 * **Epoch.** Every acquisition gets a higher one. It is the taker's clock in milliseconds, or the last epoch + 1 where
 * that is higher. So epochs stay comparable when the table is lost and made anew, and between the stores of a cloud
 * deployment and of a run by hand, where a counter that starts again at 1 would be fenced off for ever.
 *
 * **Trust window.** A holder may begin new work until `until` by its own clock. Another takes over `skewMs` after
 * `until` at the earliest by *its* clock. As long as two clocks differ by less than `skewMs`, the two do not overlap.
 *
 * **What an expired holder may do.** Finish the transaction it is in, and try to commit it. Nothing depends on its
 * looking at a clock: each transaction on the subscriber locks the row that holds the position, and compares its epoch
 * with the highest that has been there. A holder that was overtaken ends as `fenced` and changes nothing. One that was
 * not overtaken commits, which is right. The lease saves work; the row in the subscriber keeps the truth. Hence leases
 * that are wrong (clocks, a table restored from a backup) cost double work and never double rows.
 *
 * **Release.** At the end of a run, conditional on owner and epoch: a stale owner's release changes nothing. A run
 * that is killed releases nothing; its work waits for `until` + `skewMs`.
 *
 * **Rest.** A run that found nothing to do may name, in the write that releases, a time until which its work rests.
 * Scheduled runs read the items before they take leases, and leave out what rests. Nobody else looks at it: acquisition does
 * not depend on it, so a rest only ever delays work, and never allows any. That makes it safe to read it eventually
 * consistent, to lose it, and to be without it when the table cannot be read. A reader believes in no rest that is longer
 * than its unit's own, so a clock that was wrong costs at most that much delay.
 *
 * **Waking.** Who has committed work for a unit that may rest takes its rest away. No wake-up is lost to a run that has
 * looked before that commit, and would now begin a rest: acquisition writes a rest that is over, waking removes it, and
 * a release with a rest needs it to be there still; else it is a release without. A wake-up that never comes (the waker died,
 * or has no lease table) delays the work until the rest is over.
 */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  /** The fencing token. */
  readonly epoch: bigint;
  readonly until: Date;
}

export type Acquisition = { kind: 'acquired'; lease: Lease } | { kind: 'held'; owner: string; until: Date };

/** What is known of a piece of work without taking its lease. */
export interface LeaseState {
  /** When it was last acquired, in milliseconds since the epoch, by the taker's clock. */
  readonly lastServed: number;
  /** Until when it rests, in milliseconds since the epoch; 0: it does not. */
  readonly restUntil: number;
}

export interface LeaseStore {
  /** Takes the lease for `leaseMs`, or says who has it. `owner` must be unique to this run. */
  acquire(key: string, owner: string, leaseMs: number): Promise<Acquisition>;
  /**
   * Gives the lease back, and with `restUntil` lets its work rest until then, unless it was woken meanwhile. Does
   * nothing where another has taken the lease over.
   */
  release(lease: Lease, restUntil?: Date): Promise<void>;
  /** The states of these keys, perhaps a second old; keys never acquired are absent. */
  states(keys: readonly string[]): Promise<Map<string, LeaseState>>;
  /** Ends the rest of these keys, also one that a run under way would begin at its end. */
  wake(keys: readonly string[]): Promise<void>;
}

export function leaseKey(unit: string, queue: string, node: string): string {
  return `${unit}/${queue}/${node}`;
}
