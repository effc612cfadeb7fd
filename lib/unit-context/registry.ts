import { isRoot, isSubscriber, type Role } from '../topology/tree.ts';

/** What there is to know about each unit without loading it: who runs it, for which nodes, and whether it takes a lease. */
export interface UnitTraits {
  /** Started by a schedule for each (queue, node); else run on demand. */
  readonly scheduled: boolean;
  /** Called again as long as it has done work. The others do all there is in one call. */
  readonly repeats: boolean;
  /** The nodes of a queue that it works for, by their roles. */
  readonly worksFor: (role: Role) => boolean;
  /** Takes the lease `unit/queue/node`. The others serialise in the database, or only read. */
  readonly lease: boolean;
  /** How long a pair rests after a run of a schedule that found nothing to do, unless it is woken (UnitContext.wake). */
  readonly restMs?: number;
  /** What a share of an invocation is at least, where the invocation lasts so long: with less, no piece of work would be begun. */
  readonly shareMs?: number;
  /** Of a scheduled unit: the counters of what it commits. A run that has none of them above 0 has got nothing done. */
  readonly progress?: readonly string[];
}

/** The schedule's next four minutes are left out, and the fifth is not, though it may begin a little early. */
const FOUR_MINUTES_AND_A_HALF_MS = 270_000;

/** Copy begins no chunk with less than 5 s, and the last 2 s of a share are for connections that say nothing any more. */
const EIGHT_SECONDS_MS = 8_000;

export const units = {
  tick: { scheduled: true, repeats: true, worksFor: isRoot, lease: false, progress: ['ticks'] },
  /** Its pieces are independent: progress of one is not progress of another. */
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
  /** A consumer of somebody's own, see lib/consumer. */
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

/** What schedules start for each pair of a queue. Consumers are somebody's own. */
export const scheduledUnits = ['tick', 'replay', 'copy', 'maintain'] as const satisfies UnitName[];
