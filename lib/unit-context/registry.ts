import { isRoot, isSubscriber, type Role } from '../topology/tree.ts';

/** Properties of a unit that are known without loading it: what starts it, for which nodes, and whether it takes a lease. */
export interface UnitTraits {
  /** A schedule starts it for each (queue, node); otherwise it runs on demand. */
  readonly scheduled: boolean;
  /** It is called again as long as it has done work. Other units do all their work in one call. */
  readonly repeats: boolean;
  /** The nodes of a queue that it works for, by their roles. */
  readonly worksFor: (role: Role) => boolean;
  /** It takes the lease `unit/queue/node`. Other units serialise in the database, or only read. */
  readonly lease: boolean;
  /** Rest of a pair after a scheduled run that found nothing to do, unless it is woken (UnitContext.wake). */
  readonly restMs?: number;
  /** Least share of an invocation, if the invocation lasts that long. With less, no piece of work would be begun. */
  readonly shareMs?: number;
  /** Counters of the work that a scheduled unit commits. A run in which all of them are 0 has made no progress. */
  readonly progress?: readonly string[];
}

/** The schedule's next four minutes are skipped. The fifth is not, although it may begin a little early. */
const FOUR_MINUTES_AND_A_HALF_MS = 270_000;

/** Copy begins no chunk with less than 5 s, and the last 2 s of a share are reserved for connections that no longer respond. */
const EIGHT_SECONDS_MS = 8_000;

export const units = {
  tick: { scheduled: true, repeats: true, worksFor: isRoot, lease: false, progress: ['ticks'] },
  /** Its tasks are independent: progress of one is not progress of another. */
  maintain: {
    scheduled: true,
    repeats: true,
    worksFor: isRoot,
    lease: false,
    shareMs: EIGHT_SECONDS_MS,
    progress: [],
  },
  replay: {
    scheduled: true,
    repeats: false,
    worksFor: isSubscriber,
    lease: true,
    shareMs: EIGHT_SECONDS_MS,
    progress: ['batches', 'slices'],
  },
  copy: {
    scheduled: true,
    repeats: true,
    worksFor: isSubscriber,
    lease: true,
    restMs: FOUR_MINUTES_AND_A_HALF_MS,
    shareMs: EIGHT_SECONDS_MS,
    progress: ['plannedTables', 'chunks', 'restored'],
  },
  /** A consumer written by a user, see lib/consumer. */
  consume: {
    scheduled: true,
    repeats: false,
    worksFor: isRoot,
    lease: true,
    progress: ['events', 'batches'],
  },
  status: { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
  compare: { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
  'add-table': { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
  'remove-table': { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
  resync: { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
  install: { scheduled: false, repeats: false, worksFor: isRoot, lease: false },
} as const satisfies Record<string, UnitTraits>;

export type UnitName = keyof typeof units;

/** The units that schedules start for each pair of a queue. Consumers are written by users. */
export const scheduledUnits = ['tick', 'replay', 'copy', 'maintain'] as const satisfies UnitName[];
