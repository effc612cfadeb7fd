/**
 * The states that both SQL and TypeScript name, one type each. The comment on a state names who sets it, and who
 * waits for it to end. The values are in CHECK constraints of sql/pgtide/tables.sql, or in the function that returns
 * them; a test compares the two.
 */

/**
 * Phases of a subscriber's table until it is in step: pgtide.table_state.phase. Null: it waits for copy to plan it.
 */
export const copyPhases = [
  /** Set by copy (pgtide.begin_copy). Copy has chunks to copy; replay judges each event by its chunk. */
  'copying',
  /** Set by replay (pgtide._settle_copies): all chunks are there. Waits for replay to pass the snapshots of all chunks. */
  'catching-up',
  /** Set by replay (pgtide._settle_copies): the table is consistent, and its events are parked. Waits for copy to build indexes. */
  'restoring',
  /** Set by copy (pgtide.finish_restores). Waits for replay, which applies what is parked (pgtide.judge_stage). */
  'restored',
  /** Set by replay: the table is in step. */
  'ok',
] as const;
export type CopyPhase = (typeof copyPhases)[number];

/** States of a chunk: pgtide.copy_chunk.state. */
export const chunkStates = [
  /** Set by copy (pgtide.begin_copy, release_chunk). Waits for a run of copy; replay skips its events. */
  'pending',
  /** Set by copy (pgtide.announce_chunk), in a commit before the snapshot is taken. Replay parks its events. */
  'announced',
  /** Set by copy (pgtide.commit_chunk), with the snapshot. Replay judges its events by that snapshot. */
  'copied',
] as const;
export type ChunkState = (typeof chunkStates)[number];

/** Results of comparing replay's position with a batch: pgtide.begin_replay. */
export const positionVerdicts = [
  /** The batch starts at the position, or the position lies in it: replay applies it. */
  'on-track',
  /** The batch ends at the position: replay only finishes it on the provider. */
  'already-applied',
  /** Neither of these, or only by the ids: replay stops until an operator copies the tables again. */
  'lost',
  /** The node is paused: replay waits for an operator. */
  'paused',
] as const;
export type PositionVerdict = (typeof positionVerdicts)[number];

/** States of an event that replay cannot handle: pgtide.unhandled_event.state. */
export const unhandledStates = [
  /** Set by replay (pgtide.handle_events), which has gone past it. Waits for an operator to look at it. */
  'aside',
  /** Set by replay (pgtide.note_stop), which stops there. Waits for an operator to pass it. */
  'stopped',
  /** Set by an operator (pgtide.pass_events). Waits for replay to go past it. */
  'passed',
] as const;
export type UnhandledState = (typeof unhandledStates)[number];

/** Kinds of definitions that were removed from a subscriber's table: pgtide.saved_ddl.kind. */
export const savedKinds = [
  /** Dropped by copy (pgtide._save_and_drop_constraints). Waits for the phase restoring, or for the table to leave. */
  'constraint',
  'index',
  /** Dropped by copy, or by replay in slices. Waits for both tables of the key to be in step. */
  'foreign key',
  /** Disabled by replay without replica mode (pgtide._disable_triggers_and_actions). Waits for the table to leave. */
  'trigger',
  /** A foreign key whose actions were removed, in the same way as triggers are disabled. */
  'deferrable',
] as const;
export type SavedKind = (typeof savedKinds)[number];

/** Changes of a subscriber's table that joins or leaves: pgtide.member_change.change. */
export const memberChanges = [
  /** Set by add-table, on a leaf whose root does not have the table yet. Waits for add-table. */
  'joining',
  /** Set by replay (pgtide.apply_removal), for a table that the root has removed and that cannot leave at once. Waits for copy. */
  'leaving',
] as const;
export type MemberChange = (typeof memberChanges)[number];
