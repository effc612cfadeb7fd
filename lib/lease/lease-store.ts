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
 */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  /** The fencing token. */
  readonly epoch: bigint;
  readonly until: Date;
}

export type Acquisition = { kind: 'acquired'; lease: Lease } | { kind: 'held'; owner: string; until: Date };

export interface LeaseStore {
  /** Takes the lease for `leaseMs`, or says who has it. `owner` must be unique to this run. */
  acquire(key: string, owner: string, leaseMs: number): Promise<Acquisition>;
  /** Gives the lease back. Does nothing where another has taken it over. */
  release(lease: Lease): Promise<void>;
  /** When each key was last acquired, in milliseconds since the epoch; keys never acquired are absent. */
  lastServed(keys: readonly string[]): Promise<Map<string, number>>;
}

export function leaseKey(unit: string, queue: string, node: string): string {
  return `${unit}/${queue}/${node}`;
}
