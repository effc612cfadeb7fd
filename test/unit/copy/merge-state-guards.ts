/** The rules of lib/copy/merge-state.ts, each of which the model can do without. */

export interface Guards {
  /** An announced chunk's events are parked; without: they are skipped like a pending one's. */
  parking: boolean;
  /** A copied chunk's events are judged by its snapshot; without: all are applied. */
  snapshotFilter: boolean;
  /** A chunk's commit must find its own attempt. */
  attemptCheck: boolean;
  /** A chunk's commit must find its own generation. */
  generationCheck: boolean;
  /** Replay opens its batch before it reads the chunks' states; without: after. */
  batchBeforeStates: boolean;
  /** The announcement commits before the snapshot is taken; without: after. */
  announceBeforeSnapshot: boolean;
  /** A table is ok only once the position has passed all snapshots; without: once all chunks are copied. */
  passAllSnapshots: boolean;
}

export const all: Guards = {
  parking: true,
  snapshotFilter: true,
  attemptCheck: true,
  generationCheck: true,
  batchBeforeStates: true,
  announceBeforeSnapshot: true,
  passAllSnapshots: true,
};
