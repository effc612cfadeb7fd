/**
 * Leases: who does which work just now. The protocol:
 *
 * **One item a piece of work.** The key is `unit/queue/node`. The item is never deleted, and no DynamoDB TTL touches it
 * (TTL deletes hours late, and would lose the epoch).
 *
 * **Acquisition.** One conditional write. It succeeds if the lease is free (never taken, or released), if it expired
 * more than the skew margin ago by the taker's clock, or if it was taken more than the margin *after* the taker's present:
 * no lease was taken in the future, so the clock that says so is wrong, and so is the end that it gave the lease. The write
 * holds the owner, when the lease was taken and when it ends, and a new epoch. Owners are unique per run, also of two runs of one invocation: a write whose
 * answer was lost, and that is tried again, finds itself as owner.
 *
 * **Epoch.** Every acquisition gets a higher one. It is the taker's clock in milliseconds, or the last epoch + 1 where
 * that is higher. This is a proposal. The subscriber has the last word (pgtide.begin_replay, lib/replay/epoch.ts):
 *  - It takes no epoch from beyond its own clock plus a tolerance, so no clock can fence others off with an epoch from
 *    tomorrow. One that is stored all the same (by an older version, or because the subscriber's clock went back) counts
 *    for nothing, and the next run replaces it.
 *  - Whom it refuses, as too low or too high, and who still has the lease, asks the subscriber for a fair epoch (the higher
 *    of its clock and the last epoch + 1) and has the store restamp the lease with it. So a clock that is behind, a table that was
 *    lost and created again, a second store (a run by hand beside a deployment) and an epoch from tomorrow in this table
 *    delay a run by two round trips, and no more.
 *  - Restamping needs the lease: it is conditional on owner and epoch. Who was overtaken gets no new epoch, and is fenced.
 *  - A machine whose own clock is ahead of both databases' by more than the tolerance is refused before it has written there:
 *    its leases end when they should not, and nothing else would tell its operator.
 *  - A subscriber counts refusals with none accepted in between. From the third on they are an error for an operator.
 * Why two runs with one store stay in order: of two leases the later one has the higher epoch, or had its epoch set by the
 * subscriber after the earlier one's was stored there; and the earlier holder, once refused, cannot restamp.
 *
 * **Trust window.** A holder may begin new work until `until` by its own clock. Another takes over `skewMs` after
 * `until` at the earliest by *its* clock. As long as two clocks differ by less than `skewMs`, the two do not overlap; nor
 * does one then see the other's lease as taken in the future.
 *
 * **What an expired holder may do.** Finish the transaction it is in, and try to commit it. Nothing depends on its
 * looking at a clock: each transaction on the subscriber locks the row that holds the position, and compares its epoch
 * with the highest that has been there. A holder that was overtaken ends as `fenced` and changes nothing. One that was
 * not overtaken commits, which is right. The lease saves work; the row in the subscriber keeps the truth. So leases
 * that are wrong (clocks, a table restored from a backup) cost double work and never double rows.
 *
 * **Release.** At the end of a run, conditional on owner and epoch: a stale owner's release changes nothing. A run
 * that is killed releases nothing; its work waits for `until` + `skewMs`.
 *
 * **Rest.** A run that found nothing to do may name, in the write that releases, a time until which its work rests.
 * Scheduled runs read the items before they take leases, and leave out what rests. Nothing else reads it: acquisition does
 * not depend on it, so a rest only ever delays work, and never allows any. That makes it safe to read it eventually
 * consistent, to lose it, and to be without it when the table cannot be read. A reader believes in no rest that is longer
 * than its unit's own, so a clock that was wrong costs at most that much delay.
 *
 * **Waking.** A run that has committed work for a unit that may rest ends that rest. No wake-up is lost to a run that
 * looked before that commit and would now begin a rest: acquisition writes a rest that is over, waking removes it, and
 * a release with a rest requires it to be still there; otherwise it is a release without a rest. A wake-up that never comes (the waker died,
 * or has no lease table) delays the work until the rest is over.
 *
 * **Trouble.** A run that gets nothing done leaves a note of it at its item, by a separate write, and the next one that gets something
 * done takes it away (lib/runtime/trouble.ts). It is kept here, and not in a database of the pair, because the database is often what
 * fails. Units without a lease have items for this alone. Acquisition does not depend on notes. Two runs at once may overwrite each
 * other's: a count is then one too low.
 *
 * **Turn.** Units without a lease note the pair that a run did not come to any more; the next one begins there, and takes the note away
 * before it does, so that a pair that kills its runs is not always first.
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
  readonly trouble?: Trouble;
  /** Of a turn's item: the pair that is the next. */
  readonly next?: string;
}

/** Why a piece of work makes no progress, as its last runs have left it. Times are in milliseconds since the epoch. */
export interface Trouble {
  /** An error's kind, or an outcome. */
  readonly kind: string;
  /** In words, without secrets or values of rows. */
  readonly what: string;
  readonly remedy: string;
  /** True: it waits for an operator. */
  readonly operator: boolean;
  /** How many runs in a row have ended without progress, and since when. */
  readonly runs: number;
  readonly since: number;
  /** Schedules leave the work out until then; 0: they do not. */
  readonly skipUntil: number;
}

/** What is to be kept; null: nothing any more. */
export type Note = { trouble: Trouble | null } | { next: string | null };

export interface LeaseStore {
  /** Takes the lease for `leaseMs`, or says who has it. `owner` must be unique to this run. */
  acquire(key: string, owner: string, leaseMs: number): Promise<Acquisition>;
  /**
   * Gives the lease back, and with `restUntil` lets its work rest until then, unless it was woken meanwhile. Does
   * nothing where another has taken the lease over.
   */
  release(lease: Lease, restUntil?: Date): Promise<void>;
  /**
   * Gives a lease that is still held another epoch, and returns it with that; null where another has taken it over. For the
   * subscriber's word alone (lib/replay/epoch.ts). A store without it leaves a refused run to end.
   */
  restamp?(lease: Lease, epoch: bigint): Promise<Lease | null>;
  /** The states of these keys, perhaps a second old; keys never acquired are absent. */
  states(keys: readonly string[]): Promise<Map<string, LeaseState>>;
  /** Ends the rest of these keys, also one that a run under way would begin at its end. */
  wake(keys: readonly string[]): Promise<void>;
  /** Keeps a note at an item, which is made where there is none. A store without it keeps none. */
  note?(key: string, note: Note): Promise<void>;
}

export function leaseKey(unit: string, queue: string, node: string, consumer?: string): string {
  return [unit, queue, node, ...(consumer === undefined ? [] : [consumer])].join('/');
}
