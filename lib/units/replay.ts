import { type ReplayHooks, replayBatches } from '../replay/replay-batches.ts';
import type { Unit } from '../unit-context/context.ts';

/** Brings a node up to date with its provider. */
export const replay: Unit = (context) => replayBatches(context);

/** The unit replay, with test hooks between its steps. */
export const replayWith =
  (hooks: ReplayHooks): Unit =>
  (context) =>
    replayBatches(context, hooks);
