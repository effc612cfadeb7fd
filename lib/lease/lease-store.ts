/**
 * Leases: which run does which work at the moment. The protocol:
 *
 * **One item per piece of work.** The key is `unit/queue/node`. The item is never deleted, and DynamoDB TTL is not
 * used for it (TTL deletes hours late, and would lose the epoch).
 *
 * **Acquisition.** Acquisition is one conditional write. It succeeds in one of three cases: the lease is free (never
 * taken, or released); it expired more than the skew margin ago by the taker's clock; or it was taken more than the
 * margin *after* the taker's present. No lease was taken in the future, so the clock that wrote such a time is wrong,
 * and so is the end that it gave the lease. The write stores the owner, when the lease was taken, when it ends, and a
 * new epoch. Owners are unique per run, also for two runs of one invocation: a write that is retried because its
 * answer was lost finds itself as owner.
 *
 * **Epoch.** Every acquisition gets a higher epoch. It is the taker's clock in milliseconds, or the last epoch + 1 if
 * that is higher. This epoch is a proposal. The subscriber decides (pgtide.begin_replay, lib/replay/epoch.ts):
 *  - The subscriber accepts no epoch beyond its own clock plus a tolerance, so no clock can fence off other runs with
 *    an epoch from tomorrow. If such an epoch is stored anyway (by an older version, or because the subscriber's
 *    clock went back), it is ignored, and the next run replaces it.
 *  - A run whose epoch is refused as too low or too high, and that still has the lease, asks the subscriber for a
 *    next epoch (the higher of its clock and the last epoch + 1) and has the store restamp the lease with it. So each
 *    of these delays a run by two round trips only: a clock that is behind, a table that was lost and created again,
 *    a second store (a run by hand beside a deployment), and an epoch from tomorrow in this table.
 *  - Restamping needs the lease: it is conditional on owner and epoch. A run that was overtaken gets no new epoch,
 *    and is fenced.
 *  - A machine whose clock is ahead of both databases' clocks by more than the tolerance is refused before it has
 *    written there: its leases end at the wrong time, and nothing else would show that to its operator.
 *  - A subscriber counts refusals with no accepted epoch in between. From the third on they are an error for an
 *    operator.
 *
 * Two runs with one store stay in order for this reason: of two leases, the later one has the higher epoch, or its
 * epoch was set by the subscriber after the earlier one's was stored there; and the earlier holder, once refused,
 * cannot restamp.
 *
 * **Trust window.** A holder may begin new work until `until` by its own clock. Another run takes over `skewMs` after
 * `until` at the earliest by *its* clock. As long as two clocks differ by less than `skewMs`, the two runs do not
 * overlap, and neither sees the other's lease as taken in the future.
 *
 * **What an expired holder may do.** It may finish the transaction that it is in, and try to commit it. Nothing
 * depends on whether it checks a clock: each transaction on the subscriber locks the row that holds the position, and
 * compares its epoch with the highest that has been there. A holder that was overtaken ends as `fenced` and changes
 * nothing. A holder that was not overtaken commits, which is right. The lease saves work; the row in the subscriber
 * keeps the truth. So leases that are wrong (clocks, a table restored from a backup) cost double work and never
 * double rows.
 *
 * **Release.** A run releases its lease at its end, conditional on owner and epoch: a stale owner's release changes
 * nothing. A run that is killed releases nothing; its work waits for `until` + `skewMs`.
 *
 * **Rest.** A run that found nothing to do may store, in the write that releases, a time until which its work rests.
 * Scheduled runs read the items before they take leases, and skip work that rests. Nothing else reads a rest:
 * acquisition does not depend on it, so a rest only delays work, and never allows any. It is therefore safe to read it
 * eventually consistent, to lose it, and to do without it when the table cannot be read. A reader ignores a
 * rest that is longer than the rest of its unit, so a wrong clock costs at most that much delay.
 *
 * **Waking.** A run that has committed work for a unit that may rest ends that rest. A wake-up is not lost if a run
 * looked for work before that commit and would now begin a rest: acquisition writes a rest that is over, waking
 * removes it, and a release with a rest requires it to be still there. Otherwise the run releases without a rest. A
 * wake-up that never comes (the waker died, or has no lease table) delays the work until the rest is over.
 *
 * **Trouble.** A run without progress stores a note in its item, by a separate write, and the next run with progress
 * removes it (lib/runtime/trouble.ts). The note is stored here, and not in a database of the pair, because the
 * database is often what fails. Units without a lease have items only for this. Acquisition does not depend on notes.
 * Two runs at the same time may overwrite each other's note: a count is then too low by one.
 *
 * **Turn.** Units without a lease store the pair that a run did not reach. The next run begins there, and removes the
 * note before it does, so that a pair that kills its runs is not always first.
 */
export interface Lease {
  readonly key: string;
  readonly owner: string;
  /** The fencing token. */
  readonly epoch: bigint;
  readonly until: Date;
}

export type Acquisition = { kind: 'acquired'; lease: Lease } | { kind: 'held'; owner: string; until: Date };

/** The state of a piece of work, as it can be read without taking its lease. */
export interface LeaseState {
  /** When it was last acquired, in milliseconds since the epoch, by the taker's clock. */
  readonly lastServed: number;
  /** When its rest ends, in milliseconds since the epoch; 0 if it does not rest. */
  readonly restUntil: number;
  readonly trouble?: Trouble;
  /** The next pair, in the item of a turn. */
  readonly next?: string;
}

/** Why a piece of work makes no progress, as its last runs recorded it. Times are in milliseconds since the epoch. */
export interface Trouble {
  /** The kind of an error, or an outcome. */
  readonly kind: string;
  /** The description, without secrets or values of rows. */
  readonly what: string;
  readonly remedy: string;
  /** True if it waits for an operator. */
  readonly operator: boolean;
  /** The number of runs in a row that ended without progress, and since when. */
  readonly runs: number;
  readonly since: number;
  /** Schedules skip the work until then; 0 if they do not. */
  readonly skipUntil: number;
}

/** A note to store; null removes it. */
export type Note = { trouble: Trouble | null } | { next: string | null };

export interface LeaseStore {
  /** Takes the lease for `leaseMs`, or returns who has it. `owner` must be unique to this run. */
  acquire(key: string, owner: string, leaseMs: number): Promise<Acquisition>;
  /**
   * Releases the lease. With `restUntil`, its work rests until then, unless it was woken meanwhile. Does nothing if
   * another run has taken the lease over.
   */
  release(lease: Lease, restUntil?: Date): Promise<void>;
  /**
   * Sets another epoch for a lease that is still held, and returns the lease with it, or null if another run has
   * taken the lease over. Only for an epoch that the subscriber has set (lib/replay/epoch.ts). With a store that
   * lacks this method, a refused run ends.
   */
  restamp?(lease: Lease, epoch: bigint): Promise<Lease | null>;
  /** Returns the states of these keys, perhaps a second old; keys that were never acquired are absent. */
  states(keys: readonly string[]): Promise<Map<string, LeaseState>>;
  /** Ends the rest of these keys, also a rest that a run in progress would begin at its end. */
  wake(keys: readonly string[]): Promise<void>;
  /** Stores a note in an item, and creates the item if there is none. A store without this method stores no notes. */
  note?(key: string, note: Note): Promise<void>;
}

export function leaseKey(unit: string, queue: string, node: string, consumer?: string): string {
  return [unit, queue, node, ...(consumer === undefined ? [] : [consumer])].join('/');
}
