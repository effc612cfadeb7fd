/** What there is to know about each unit without loading it: who runs it, for which nodes, and whether it takes a lease. */
export interface UnitTraits {
  /** Started by a schedule for each (queue, node), and repeated until idle; else run on demand. */
  readonly scheduled: boolean;
  /** The nodes of a queue that it works for. */
  readonly nodes: 'root' | 'leaves';
  /** Takes the lease `unit/queue/node`. The others serialise in the database, or only read. */
  readonly lease: boolean;
}

export const units = {
  tick: { scheduled: true, nodes: 'root', lease: false },
  maintain: { scheduled: true, nodes: 'root', lease: false },
  replay: { scheduled: true, nodes: 'leaves', lease: true },
  copy: { scheduled: true, nodes: 'leaves', lease: true },
  status: { scheduled: false, nodes: 'root', lease: false },
  compare: { scheduled: false, nodes: 'root', lease: false },
  'add-table': { scheduled: false, nodes: 'root', lease: false },
  'remove-table': { scheduled: false, nodes: 'root', lease: false },
  resync: { scheduled: false, nodes: 'root', lease: false },
  install: { scheduled: false, nodes: 'root', lease: false },
} as const satisfies Record<string, UnitTraits>;

export type UnitName = keyof typeof units;
